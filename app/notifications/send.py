"""Sends what waits: claimed in one transaction, handed over outside any, and noted in another.

A worker that dies in between leaves a claimed message; it is tried again under the same Message-ID when its lease is
over. Without a mail server everything waits, and nothing is lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import applications, clock, db, screening
from app.language import speaking
from app.notifications.address import address_of, code_of
from app.notifications.codes import CODE_LIFE
from app.notifications.models import OPEN, Contact, Message, MessageState, ViewCode
from app.notifications.postman import Delivery, Postman, ServerUnreachable
from app.notifications.view_by_code import view_code_of
from app.notifications.words import Words, code_words, is_still_true, view_code_words, words_of
from app.settings import MailServer

log = structlog.get_logger(__name__)

BATCH = 50
BATCHES_PER_ROUND = 10
LEASE = timedelta(minutes=10)
RETRY_PLAN = tuple(timedelta(minutes=m) for m in (1, 5, 30, 120, 360, 1_440))
TOO_OLD = timedelta(days=14)
"""What waited longer than this (for a mail server that nobody set up) is news no more."""


@dataclass(frozen=True)
class _Letter:
    message_id: UUID
    address: str
    words: Words


def send_waiting(server: MailServer | None, public_url: str) -> int:
    """Send what is due; returns how many messages a server took. Without a server nothing is touched."""
    if server is None:
        return 0
    taken = 0
    for _ in range(BATCHES_PER_ROUND):
        letters, more = _claim(public_url)
        taken += _hand_over(server, letters)
        if not more:
            break
    return taken


def _claim(public_url: str) -> tuple[list[_Letter], bool]:
    """Take the next messages for this worker and make their words; what is not true any more is dropped."""
    now = clock.now()
    letters = []
    with db.transaction() as session:
        rows = session.scalars(
            select(Message)
            .where(Message.state.in_(OPEN), Message.next_at <= now)
            .order_by(Message.next_at, Message.id)
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        ).all()
        for row in rows:
            contact = session.get(Contact, row.person_id)
            reason = _why_not(session, row, contact, now)
            words = None if reason or contact is None else _words(session, row, contact, public_url)
            if words is None or contact is None:
                row.state, row.problem = MessageState.DROPPED, reason or "overtaken"
                continue
            row.state, row.attempts, row.next_at = MessageState.SENDING, row.attempts + 1, now + LEASE
            letters.append(_Letter(row.id, address_of(contact).reveal(), words))
    return letters, len(rows) == BATCH


def _why_not(session: Session, row: Message, contact: Contact | None, now: datetime) -> str | None:
    if contact is None or contact.failed_at is not None:
        return "no_address"
    if row.created_at < now - TOO_OLD:
        return "too_old"
    if row.application_id is None or row.policy_id is None:
        return None
    parties = applications.parties_of(session, row.policy_id, row.application_id)
    if parties is None:
        return "no_application"
    for person_id in {parties.applicant_id, parties.beneficiary_id}:
        stated = screening.stated_about(session, person_id)
        # BR-31: who shares a mailbox with whom is not ours to know. BR-30: the one notice is the municipality's.
        if stated.support_measure or stated.deceased_on is not None:
            return "not_by_mail"
    return None


def _words(session: Session, row: Message, contact: Contact, public_url: str) -> Words | None:
    with speaking(contact.language):
        if row.kind in ("code", "view_code"):
            return _words_of_code(session, row, contact)
        return _words_of_application(session, row, public_url)


def _words_of_code(session: Session, row: Message, contact: Contact) -> Words | None:
    """``None`` for a code that is over, or in whose place another was asked for."""
    minutes = int(CODE_LIFE.total_seconds() // 60)
    if row.kind == "code":
        if contact.code_nonce is None or contact.code_until is None or contact.code_until <= clock.now():
            return None
        fresh = row.event_key == f"code:{contact.code_nonce.hex()}"
        return code_words(code_of(contact), minutes) if fresh else None
    code = session.get(ViewCode, (row.policy_id, row.application_id))
    if code is None or code.until <= clock.now() or row.event_key != f"view_code:{code.nonce.hex()}":
        return None
    return view_code_words(view_code_of(code), minutes)


def _words_of_application(session: Session, row: Message, public_url: str) -> Words | None:
    assert row.policy_id is not None
    assert row.application_id is not None
    parties = applications.parties_of(session, row.policy_id, row.application_id)
    assert parties is not None
    view = applications.view_by_receipt(session, parties.receipt_no, row.person_id)
    if view is None or not is_still_true(row.kind, view):
        return None
    letters = screening.letters_of(session, row.policy_id, row.application_id) if row.kind == "refused" else []
    if row.kind == "refused" and not letters:
        return None  # BR-64: without reason, date, office and the way to object it can't be sent
    return words_of(row.kind, view, letters[-1] if letters else None, row.facts, public_url)


def _hand_over(server: MailServer, letters: list[_Letter]) -> int:
    if not letters:
        return 0
    done: dict[UUID, Delivery] = {}
    problem = ""
    try:
        with Postman(server) as postman:
            for letter in letters:
                done[letter.message_id] = postman.deliver(letter.address, letter.words, letter.message_id.hex)
                _note(letter.message_id, done[letter.message_id])
    except ServerUnreachable as unreachable:
        problem = str(unreachable)
        log.warning("the mail server can't be reached", error=problem, waiting=len(letters) - len(done))
    for letter in letters:
        if letter.message_id not in done:
            _note(letter.message_id, Delivery.LATER, problem)
    return sum(result is Delivery.TAKEN for result in done.values())


def _note(message_id: UUID, result: Delivery, problem: str = "") -> None:
    with db.transaction() as session:
        row = session.get(Message, message_id, with_for_update=True)
        if row is None:
            return  # erased meanwhile
        now = clock.now()
        if result is Delivery.TAKEN:
            row.state, row.sent_at, row.problem = MessageState.SENT, now, None
        elif result is Delivery.LATER and row.attempts <= len(RETRY_PLAN):
            row.state, row.problem = MessageState.QUEUED, problem or "later"
            row.next_at = now + RETRY_PLAN[row.attempts - 1]
        else:
            row.state, row.problem = MessageState.FAILED, result.name.lower()
            log.warning("a message could not be sent", message_id=str(message_id), why=row.problem)
        if result is Delivery.NO_SUCH_ADDRESS:
            contact = session.get(Contact, row.person_id, with_for_update=True)
            if contact is not None:
                contact.failed_at = now
