"""What a visit does by itself: cards are read, time passes, the second tap sends the application.

Pages ask every second or two and at every load; whoever asks moves the visit on, under its lock, as far as it can go.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from app import applications, cards, clock, db, organisations, people, policies, settings
from app.applications import AtCounter, ConfirmingPage
from app.cards import EvidenceView, SessionView
from app.counter.children import guardian_was_read, start_for_child
from app.counter.choosing import CHOOSE, agent_of, begin_finding, chosen_account, is_looking_for_application
from app.counter.models import CounterSession, QueueTicket
from app.counter.states import CounterEvent, CounterState
from app.counter.tickets import TicketUsed, claim_ticket
from app.counter.view import CounterView, view_of
from app.counter.visit import (
    FINISHED,
    HOLD_SECONDS,
    NOT_SAME,
    SELF,
    TICKET_USED,
    advance,
    browser_key,
    card_session_of,
    is_idle,
    live_visit,
    note,
    open_card_session,
    put_away,
    wipe,
)
from app.errors import DomainError
from app.policies import PolicyView

MAX_STEPS = 4
IDENTIFY_WITHIN = timedelta(minutes=5)
"""How long staff may take to write down what is printed on a card without PINs."""
_READING = ("waiting_pin", "reading", "verifying")


def follow(terminal_id: UUID) -> CounterView:
    """Move the terminal's visit on, and say how it stands now; without one, how the last one ended."""
    for _ in range(MAX_STEPS):
        with db.transaction() as session:
            row = live_visit(session, terminal_id)
            moved = _step(session, row) if row is not None else False
            sending = _to_send(row)
        if sending is not None:
            _send(terminal_id, sending)
        elif not moved:
            break
    with db.reading() as session:
        return view_of(session, terminal_id)


def _step(session: Session, row: CounterSession) -> bool:
    """One move; whether there was one."""
    before = (row.state, row.card_session_id)
    if row.state in (CounterState.STAFF_IN, CounterState.CARD_BOUND):
        _follow_first_tap(session, row)
    elif row.state in (CounterState.EDITING, CounterState.READ_BACK):
        _follow_editing(session, row)
    elif row.state == CounterState.DONE and is_idle(row):
        wipe(session, row, FINISHED)
    return (row.state, row.card_session_id) != before


def _follow_first_tap(session: Session, row: CounterSession) -> None:
    """K3, K4: the tap binds the visit, the PINs open the card, and from then on the card is watched."""
    seen = card_session_of(session, row)
    if seen is None:
        wipe(session, row, "E114")
    elif seen.problem is not None:
        wipe(session, row, seen.problem.code, seen.problem)
    elif not _staff_is_there(session, row):
        wipe(session, row, "E114")
    elif is_looking_for_application(row):
        _follow_finding(session, row, seen)
    elif seen.state == "done" and row.card_purpose == "touch":
        _see_card_without_pin(session, row, seen)
    elif seen.state == "done":
        try:
            with session.begin_nested():
                bind_to(session, row, seen, seen.evidence_id)
        except DomainError as problem:
            turn_away(session, row, seen, problem.code, problem)
        except cards.ReaderBusy:
            turn_away(session, row, seen, "E804")
    elif seen.state in _READING and row.state == CounterState.STAFF_IN:
        advance(row, CounterEvent.TAP)


def _follow_finding(session: Session, row: CounterSession, seen: SessionView) -> None:
    """Staff look for the application that was sent; the card lies there meanwhile."""
    if seen.state == "expired":
        wipe(session, row, "E804")
    elif clock.real_now() - row.touched_at >= IDENTIFY_WITHIN:
        wipe(session, row, "E114")


def _see_card_without_pin(session: Session, row: CounterSession, seen: SessionView) -> None:
    """A card without PINs is bound by its certificate alone; who its holder is, staff say (``identify``)."""
    if row.state == CounterState.STAFF_IN:
        row.seen_key, row.touched_at = seen.seen_key, clock.real_now()
        advance(row, CounterEvent.TAP)
    elif clock.real_now() - row.touched_at >= IDENTIFY_WITHIN:
        wipe(session, row, "E114")


def _staff_is_there(session: Session, row: CounterSession) -> bool:
    """What a card says counts as attended only while its member of staff is signed in at this very terminal."""
    idle = timedelta(minutes=settings.current().staff_idle_minutes)
    return organisations.somebody_is_signed_in(session, row.terminal_id, row.staff_id, idle=idle)


def turn_away(
    session: Session, row: CounterSession, seen: SessionView, code: str, problem: DomainError | None = None
) -> None:
    """The card was read, but nothing comes of it: what was read goes, too."""
    evidence = cards.evidence_of(session, seen.evidence_id) if seen.evidence_id else None
    wipe(session, row, code, problem)
    if evidence is not None:
        applications.forget_reading(session, evidence.person_id)


def bind_to(session: Session, row: CounterSession, seen: SessionView, evidence_id: UUID | None) -> None:
    """One person, one empty form; a guardian's card is followed by the child's. Raises why it cannot be here and now.

    ``evidence_id``: what the reading gave, or what staff copied from a card without PINs.
    """
    evidence = cards.evidence_of(session, evidence_id) if evidence_id else None
    policy = policies.get(session, row.policy_id)
    terminal = organisations.get_terminal(session, row.terminal_id)
    if evidence is None or policy is None or terminal is None:
        raise DomainError("E108")
    if _is_staffs_own(session, row, evidence.facts_id):
        turn_away(session, row, seen, SELF)
        return
    if row.for_child and row.guardian_evidence_id is None:
        guardian_was_read(session, row, evidence.id)
        return
    may_have_applied = row.guardian_evidence_id is None and applications.paper_like(session, policy.policy_id, evidence)
    if row.errand == CHOOSE or may_have_applied:
        begin_finding(session, row, seen, evidence, terminal.agent_id)
        return
    row.seen_key = seen.seen_key
    bind_draft(session, row, evidence, policy)


def bind_draft(session: Session, row: CounterSession, evidence: EvidenceView, policy: PolicyView) -> None:
    """An empty form for this person, with the card watched from here on."""
    ticket = session.get(QueueTicket, row.ticket_id) if row.ticket_id else None
    at = AtCounter(row.staff_id, row.terminal_id, ticket.issued_at if ticket else None)
    row.person_id = evidence.person_id
    if row.guardian_evidence_id is not None:
        row.application_id, row.person_id = start_for_child(session, row, evidence, at)
    else:
        row.application_id = applications.start_at_counter(session, policy, evidence, at)
    row.evidence_id = evidence.id
    if row.state == CounterState.STAFF_IN:
        advance(row, CounterEvent.TAP)
    advance(row, CounterEvent.PIN_OK)
    row.touched_at = clock.real_now()
    open_card_session(session, row, agent_of(session, row), "hold", HOLD_SECONDS)
    note(session, "counter.bound", row)


def _is_staffs_own(session: Session, row: CounterSession, facts_id: UUID) -> bool:
    """Four eyes: nobody receives their own application."""
    own = organisations.own_fingerprint(session, row.staff_id)
    return own is not None and own == people.fingerprint_of_facts(session, facts_id)


def _follow_editing(session: Session, row: CounterSession) -> None:
    """BR-52: sixty seconds end it. The card must stay; lifted for the second tap it must be the same (BR-51)."""
    seen = card_session_of(session, row)
    if not organisations.is_still_at(session, row.terminal_id, row.staff_id):
        put_away(session, row)
    elif (is_idle(row) and row.card_purpose == "hold") or seen is None:
        wipe(session, row, "E114")
    elif row.card_purpose == "hold":
        if seen.state == "expired":
            wipe(session, row, "E804")  # the reader has said nothing for long: it is away
        elif seen.problem is not None:
            wipe(session, row, seen.problem.code, seen.problem)
    elif seen.problem is not None:
        wipe(session, row, seen.problem.code, seen.problem)
    elif seen.state == "done":
        if row.seen_key is None or seen.seen_key != row.seen_key:
            wipe(session, row, "E801")
        else:
            advance(row, CounterEvent.SECOND_TAP)
            note(session, "counter.second_tap", row)


@dataclass(frozen=True)
class _Sending:
    """What the second tap confirmed."""

    application_id: UUID
    person_id: UUID
    policy_id: str
    ticket_id: UUID | None
    page: ConfirmingPage
    choice: applications.Choice | None
    evidence_id: UUID | None
    staff_id: str


def _to_send(row: CounterSession | None) -> _Sending | None:
    if row is None or row.state != CounterState.SECOND_TAP_OK:
        return None
    assert row.application_id is not None
    assert row.person_id is not None
    assert row.read_back_digest is not None
    assert row.read_back_at is not None
    page = ConfirmingPage(opened_at=row.read_back_at, read_back=row.read_back_digest)
    choice = chosen_account(row) if row.errand == CHOOSE else None
    return _Sending(
        row.application_id,
        row.person_id,
        row.policy_id,
        row.ticket_id,
        page,
        choice,
        row.evidence_id,
        row.staff_id,
    )


def _send(terminal_id: UUID, sending: _Sending) -> None:
    """K7: what was read back is sent. Asked twice, after a crash in between too, it gives the same receipt."""
    application_id = sending.application_id

    def prepare(session: Session) -> tuple[UUID, UUID]:
        if sending.ticket_id is not None:
            claim_ticket(session, sending.ticket_id, sending.person_id, application_id)
        return application_id, sending.person_id

    try:
        if sending.choice is not None:
            receipt_no = _assign(sending, sending.choice)
        else:
            receipt_no = applications.submit_prepared(sending.policy_id, prepare, page=sending.page).receipt_no
    except (LookupError, applications.NotTheSame):
        _wipe_unsent(terminal_id, application_id, NOT_SAME, None)
        return
    except TicketUsed:
        _wipe_unsent(terminal_id, application_id, TICKET_USED, None)
        return
    except DomainError as problem:
        _wipe_unsent(terminal_id, application_id, problem.code, problem)
        return
    with db.transaction() as session:
        row = live_visit(session, terminal_id)
        if row is None or row.application_id != application_id or row.state != CounterState.SECOND_TAP_OK:
            return
        row.receipt_no, row.touched_at = receipt_no, clock.real_now()
        advance(row, CounterEvent.SAVE)
        cards.end_sessions_of(session, browser_key(row))
        note(session, "counter.done", row)


def _assign(sending: _Sending, choice: applications.Choice) -> str:
    """The service goes to the application that was sent before; a paper becomes the card holder's with it."""
    assert sending.evidence_id is not None
    return applications.assign_at_counter(
        sending.policy_id, sending.application_id, sending.evidence_id, choice, sending.staff_id
    )


def _wipe_unsent(terminal_id: UUID, application_id: UUID, code: str, problem: DomainError | None) -> None:
    with db.transaction() as session:
        row = live_visit(session, terminal_id)
        if row is not None and row.application_id == application_id:
            wipe(session, row, code, problem)
