"""One visit under its lock: moved along the table, touched, wiped. What every use case of the counter begins with."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import applications, audit, cards, clock
from app.cards import SessionView
from app.counter.alarms import raise_alarm
from app.counter.models import CounterSession
from app.counter.states import CounterEvent, CounterState, after
from app.errors import DomainError
from app.pii import vault

IDLE = timedelta(seconds=60)
WARNING = timedelta(seconds=40)
CONFIRM_SECONDS = 60
HOLD_SECONDS = 30
SELF = "self"
"""Ended because staff would have served themselves."""
CANCELLED = "cancelled"
TICKET_USED = "ticket_used"
"""Ended because the ticket had served somebody else in the meantime."""
NOT_SAME = "not_same"
"""Ended because paper and card turned out not to be one person's; nothing was sent."""
FINISHED = "finished"
GONE = "gone"
"""Ended because what it stood on went on elsewhere: the same card at another counter, or an answer by phone."""
TELLING_FACTS = frozenset({"E101", "E107", "E208"})
"""Codes whose facts say nothing of the person, so that the page may still show them after the wiping."""


class VisitOver(Exception):
    """The visit is wiped, or there is none; the page shows what is now."""


def browser_key(row: CounterSession) -> bytes:
    """What binds the card sessions of a visit to it, as the cookie of a browser does for a resident's page."""
    return vault().index("counter_session", row.id.bytes)


def live_visit(session: Session, terminal_id: UUID) -> CounterSession | None:
    """The terminal's visit that is going on, locked until the transaction ends."""
    return session.scalar(
        select(CounterSession)
        .where(CounterSession.terminal_id == terminal_id, CounterSession.state != CounterState.WIPED)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def visit_in(session: Session, terminal_id: UUID, visit_id: UUID | None, *states: CounterState) -> CounterSession:
    """The visit, if it stands in one of these states and somebody is there; this counts as an act of the person.

    ``visit_id`` is the one that the person's page was made for: a page that was left open acts for nobody else (BR-50).

    Raises ``VisitOver``; the idle limit is judged here too, so that no press comes after it (BR-52).
    """
    row = live_visit(session, terminal_id)
    if row is None or row.id != visit_id or row.state not in states or is_idle(row):
        raise VisitOver
    row.touched_at = clock.real_now()
    return row


def is_idle(row: CounterSession) -> bool:
    """BR-52: sixty seconds without an act of the person."""
    return clock.real_now() - row.touched_at >= IDLE


def advance(row: CounterSession, event: CounterEvent) -> None:
    """Move along the table."""
    row.state = after(CounterState(row.state), event)


def card_session_of(session: Session, row: CounterSession) -> SessionView | None:
    """The card session that the visit waits for or watches by."""
    if row.card_session_id is None:
        return None
    return cards.view_session(session, browser_key(row), row.card_session_id)


def open_card_session(session: Session, row: CounterSession, agent_id: UUID | None, purpose: str, seconds: int) -> None:
    """Ask the terminal's reader for something; whatever it did for this visit before ends."""
    reader = cards.reader_at_counter(session, agent_id)
    if reader is None:
        raise DomainError("E804")
    row.card_session_id = cards.open_session(
        session,
        browser=browser_key(row),
        reader=reader,
        purpose=purpose,
        policy_id=row.policy_id,
        seconds=seconds,
        attended_by=row.staff_id,
    )
    row.card_purpose = purpose


def wipe(session: Session, row: CounterSession, code: str, problem: DomainError | None = None) -> None:
    """End the visit: the draft and what was read go, the reader stops, nothing of the person stays (BR-50, BR-52)."""
    if row.person_id is not None and row.state != CounterState.DONE:
        if row.application_id is not None:
            applications.discard_draft(session, row.policy_id, row.application_id, row.person_id)
        applications.forget_reading(session, row.person_id)
        _forget_child(session, row)
    _forget_guardian(session, row)
    cards.end_sessions_of(session, browser_key(row))
    if code == "E801":
        raise_alarm(session, row, code)
    advance(row, CounterEvent.WIPE)
    row.card_session_id = row.card_purpose = row.seen_key = row.person_id = row.evidence_id = None
    row.guardian_evidence_id = row.application_id = row.receipt_no = row.read_back_digest = row.read_back_at = None
    row.chosen_service = row.chosen_account_enc = row.chosen_last4 = row.chosen_holder = None
    row.ended_code = code
    row.ended_facts = problem.facts | {"variant": problem.variant or ""} if problem and code in TELLING_FACTS else None
    row.wiped_at = clock.real_now()
    note(session, "counter.wiped", row, code=code)


def put_away(session: Session, row: CounterSession) -> None:
    """End a visit because something else begins, or nobody is there for it any more; its page says what became of it.

    A second tap that was given counts: what is being sent at this moment is waited for, and not called given up.
    """
    done = row.state == CounterState.DONE
    if row.state == CounterState.SECOND_TAP_OK:
        assert row.application_id is not None
        done = applications.is_sent(session, row.policy_id, row.application_id, row.chosen_service)
    wipe(session, row, FINISHED if done else CANCELLED)


def _forget_child(session: Session, row: CounterSession) -> None:
    evidence = cards.evidence_of(session, row.evidence_id) if row.evidence_id else None
    if evidence is not None and evidence.person_id != row.person_id:
        applications.forget_reading(session, evidence.person_id)


def _forget_guardian(session: Session, row: CounterSession) -> None:
    guardian = cards.evidence_of(session, row.guardian_evidence_id) if row.guardian_evidence_id else None
    if guardian is not None:
        applications.forget_reading(session, guardian.person_id)


def note(session: Session, action: str, row: CounterSession, **facts: str) -> None:
    """Who did what at which terminal, for the audit."""
    audit.record(
        session,
        action,
        actor_kind="staff",
        actor=row.staff_id,
        policy_id=row.policy_id,
        object_kind="counter_session",
        object_id=str(row.id),
        facts={"terminal": str(row.terminal_id), **facts},
    )
