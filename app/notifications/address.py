"""A person's mail address: given, proved by a code that only its reader can know, taken back."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from app import applications, audit, clock, db, jobs
from app.my_number import looks_like_my_number
from app.notifications.codes import CODE_LIFE, Answer, code_from, is_code
from app.notifications.models import MAX_TRIES, Contact
from app.notifications.outbox import erase_contact, tell
from app.pii import Private, vault

MAX_ADDRESS = 254
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,62})\.)+[A-Za-z]{2,63}")


class AddressRefused(Exception):
    """``why`` is ``format``, or ``my_number`` for 12 digits that may be one (BR-57); nothing was stored."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True)
class ContactView:
    """What a person sees of the own address; ``masked`` is enough to know it again."""

    masked: str
    is_confirmed: bool
    has_failed: bool
    waits_for_code: bool


def contact_of(session: Session, person_id: UUID) -> ContactView | None:
    """The address this person gave, or ``None``."""
    contact = session.get(Contact, person_id)
    if contact is None:
        return None
    return ContactView(
        masked=_masked(address_of(contact).reveal()),
        is_confirmed=contact.confirmed_at is not None,
        has_failed=contact.failed_at is not None,
        waits_for_code=contact.code_until is not None and contact.code_until > clock.now(),
    )


def give_address(person_id: UUID, typed: str, language: str) -> None:
    """Keep the address, unconfirmed, and queue a message with a code. Raises ``AddressRefused``.

    An earlier address and what waits for it are gone with it. The messages will be in ``language``.
    """
    address = _checked(typed)
    with db.transaction() as session:
        erase_contact(session, person_id)
        contact = Contact(
            person_id=person_id,
            address_enc=vault().encrypt(Private(address), _context(person_id)),
            address_index=index_of(address),
            language=language,
            given_at=clock.now(),
            code_nonce=os.urandom(16),
            code_until=clock.now() + CODE_LIFE,
            code_tries=0,
        )
        session.add(contact)
        session.flush()
        assert contact.code_nonce is not None
        tell(session, person_id, "code", f"code:{contact.code_nonce.hex()}", to_unconfirmed=True)
        _note(session, "contact.given", person_id)
        send_soon(session)


def confirm_address(person_id: UUID, typed: str) -> Answer:
    """The code proves that the person reads this address; every application in flight is then told of once."""
    with db.transaction() as session:
        contact = session.get(Contact, person_id, with_for_update=True)
        if contact is None or contact.code_nonce is None or contact.code_until is None:
            return Answer.OVER
        if contact.code_until <= clock.now() or contact.code_tries >= MAX_TRIES:
            return Answer.OVER
        contact.code_tries += 1
        if not is_code(code_of(contact), typed):
            return Answer.OVER if contact.code_tries >= MAX_TRIES else Answer.WRONG
        contact.confirmed_at, contact.code_nonce, contact.code_until = clock.now(), None, None
        session.flush()
        for each in applications.sent_by(session, person_id):
            if each.is_in_flight:
                key = f"receipt:{each.application_id}"
                tell(session, person_id, "receipt", key, about=(each.policy_id, each.application_id))
        _note(session, "contact.confirmed", person_id)
        send_soon(session)
        return Answer.CONFIRMED


def forget_address(person_id: UUID) -> None:
    """The person wants no more messages; nothing of the address stays."""
    with db.transaction() as session:
        if erase_contact(session, person_id):
            _note(session, "contact.removed", person_id)


def note_undeliverable(address: str) -> int:
    """A mail server gave a message to this address back: nothing more is sent there; returns for how many people."""
    with db.transaction() as session:
        found = session.scalars(
            update(Contact)
            .where(Contact.address_index == index_of(address), Contact.failed_at.is_(None))
            .values(failed_at=clock.now())
            .returning(Contact.person_id)
        ).all()
        return len(found)


def address_of(contact: Contact) -> Private:
    """The address itself."""
    return vault().decrypt(contact.address_enc, _context(contact.person_id))


def code_of(contact: Contact) -> str:
    """The six digits that were sent; derived, so that no table, job or log ever holds them."""
    assert contact.code_nonce is not None
    return code_from("contact_code", contact.code_nonce)


def index_of(address: str) -> bytes:
    """Finds an address again: letters of either case are one."""
    return vault().index("contact", address.strip().lower().encode())


def _checked(typed: str) -> str:
    address = typed.strip()
    if looks_like_my_number(address):
        raise AddressRefused("my_number")
    if len(address) > MAX_ADDRESS or not _ADDRESS.fullmatch(address) or ".." in address:
        raise AddressRefused("format")
    return address


def _masked(address: str) -> str:
    name, _, host = address.partition("@")
    return f"{name[0]}***@{host}"


def _context(person_id: UUID) -> str:
    return f"contacts.address:{person_id}"


def send_soon(session: Session) -> None:
    """Somebody waits for a message before a page."""
    # Imported here because the tasks import the modules of this package.
    from app.notifications.tasks import send_messages_now

    jobs.defer_once(session, send_messages_now, queueing_lock="notifications.send_messages_now")


def _note(session: Session, action: str, person_id: UUID) -> None:
    who = audit.pseudonym(person_id)
    audit.record(session, action, actor_kind="person", actor=who, object_kind="contact", object_id=who)
