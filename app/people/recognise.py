"""Who a card belongs to: the person of this certificate, or a new one, and whether somebody alike is known already."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import SelectBase, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app import clock
from app.db import new_id
from app.db_statements import Statement
from app.people.models import Person, PersonFacts, PersonKey
from app.people.names import fold_for_fingerprint
from app.pii import Private, vault

_FIELDS = ("name", "address", "birth_date", "sex")


@dataclass(frozen=True)
class FourItems:
    """The four items of information exactly as the card gave them (card.md 3.2); never printed."""

    name: Private
    address: Private
    birth_date: Private
    sex: Private


@dataclass(frozen=True)
class Recognition:
    """Whose card it is, and where this reading's four items are kept.

    ``looks_like_another`` is a suspicion of a duplicate (BR-14), never a refusal.
    """

    person_id: UUID
    facts_id: UUID
    is_new: bool
    looks_like_another: bool


def person_key(certificate_der: bytes) -> bytes:
    """HMAC(index key, SHA-256(certificate DER)), architecture.md section 4."""
    return vault().index("person_key", hashlib.sha256(certificate_der).digest())


def fingerprint_of(items: FourItems) -> bytes:
    """Keyed hash of folded name, birth date and sex; the address is left out because it changes."""
    folded = fold_for_fingerprint(items.name.reveal())
    text = "\0".join((folded, items.birth_date.reveal(), items.sex.reveal()))
    return vault().index("fingerprint", text.encode())


def recognise(session: Session, certificate_der: bytes, items: FourItems) -> Recognition:
    """Find or make the person of this certificate and keep the four items as received."""
    return recognise_by_key(session, person_key(certificate_der), items)


def recognise_by_key(session: Session, key: bytes, items: FourItems) -> Recognition:
    """The same by the person key, where the certificate itself was seen earlier and not kept."""
    fingerprint = fingerprint_of(items)
    person_id = session.scalar(select(PersonKey.person_id).where(PersonKey.key == key))
    is_new = person_id is None
    if person_id is None:
        person_id = _create(session, key)
    facts_id = _keep_facts(session, person_id, items, fingerprint)
    alike = select(PersonFacts.id).where(PersonFacts.fingerprint == fingerprint, PersonFacts.person_id != person_id)
    return Recognition(person_id, facts_id, is_new, session.scalar(alike.limit(1)) is not None)


def recognise_without_card(session: Session, items: FourItems) -> Recognition:
    """A new person without a key: nobody read a card. When one is read later, staff link the two (BR-15)."""
    person_id = new_id()
    session.add(Person(id=person_id, created_at=clock.now()))
    session.flush()
    fingerprint = fingerprint_of(items)
    facts_id = _keep_facts(session, person_id, items, fingerprint)
    alike = select(PersonFacts.id).where(PersonFacts.fingerprint == fingerprint, PersonFacts.person_id != person_id)
    return Recognition(person_id, facts_id, True, session.scalar(alike.limit(1)) is not None)


def _create(session: Session, key: bytes) -> UUID:
    """Two readings of one new card at the same moment make one person: the key decides."""
    person_id = new_id()
    session.add(Person(id=person_id, created_at=clock.now()))
    session.flush()
    claim = (
        insert(PersonKey)
        .values(key=key, person_id=person_id, first_seen_at=clock.now())
        .on_conflict_do_nothing()
        .returning(PersonKey.person_id)
    )
    if session.scalar(claim) is not None:
        return person_id
    session.delete(session.get_one(Person, person_id))
    return session.scalars(select(PersonKey.person_id).where(PersonKey.key == key)).one()


def _keep_facts(session: Session, person_id: UUID, items: FourItems, fingerprint: bytes) -> UUID:
    """A row for this reading; the same items again share the row of the last reading."""
    newest = select(PersonFacts).where(PersonFacts.person_id == person_id).order_by(PersonFacts.received_at.desc())
    last = session.scalar(newest.limit(1))
    if last is not None and last.fingerprint == fingerprint and items_of(last) == items:
        return last.id
    facts_id = new_id()
    encrypted = {f"{field}_enc": vault().encrypt(getattr(items, field), _context(field, facts_id)) for field in _FIELDS}
    row = PersonFacts(id=facts_id, person_id=person_id, fingerprint=fingerprint, received_at=clock.now(), **encrypted)
    session.add(row)
    session.flush()
    return facts_id


def facts_of(session: Session, facts_id: UUID) -> FourItems | None:
    """The four items of one reading, decrypted; None when they are erased."""
    row = session.get(PersonFacts, facts_id)
    return None if row is None else items_of(row)


def facts_among(named: SelectBase) -> Statement:
    """A statement, made once, for the readings whose ids another floor's query names; its rows are for ``items_of``."""
    return Statement(select(PersonFacts).where(PersonFacts.id.in_(named)))


def fingerprint_of_facts(session: Session, facts_id: UUID) -> bytes:
    """The fingerprint of one reading; ``NoResultFound`` when it is erased."""
    return session.scalars(select(PersonFacts.fingerprint).where(PersonFacts.id == facts_id)).one()


def erase_facts(session: Session, person_id: UUID, *, only: Collection[UUID] | None = None) -> int:
    """Erase everything that was read from a person's cards, or ``only`` these readings; returns the rows.

    Without any the person remains as keys only.
    """
    gone = delete(PersonFacts).where(PersonFacts.person_id == person_id).returning(PersonFacts.id)
    return len(session.scalars(gone if only is None else gone.where(PersonFacts.id.in_(only))).all())


def erase_facts_of_others(session: Session, known: SelectBase, before: datetime) -> int:
    """Erase the readings, older than ``before``, of everybody who is not among ``known`` person ids."""
    gone = delete(PersonFacts).where(PersonFacts.received_at < before, PersonFacts.person_id.not_in(known))
    return len(session.scalars(gone.returning(PersonFacts.id)).all())


def items_of(row: PersonFacts) -> FourItems:
    """The four items of one reading, decrypted."""
    return FourItems(
        **{field: vault().decrypt(getattr(row, f"{field}_enc"), _context(field, row.id)) for field in _FIELDS}
    )


def persons_alike(session: Session, person_id: UUID) -> list[UUID]:
    """Other persons with the same folded name, birth date and sex in a reading: a suspicion, never a proof (BR-14)."""
    own = select(PersonFacts.fingerprint).where(PersonFacts.person_id == person_id)
    alike = select(PersonFacts.person_id).where(PersonFacts.fingerprint.in_(own), PersonFacts.person_id != person_id)
    return list(session.scalars(alike.distinct().limit(20)))


def _context(field: str, facts_id: UUID) -> str:
    return f"person_facts.{field}:{facts_id}"
