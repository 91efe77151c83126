"""「次の方」: a clean visit at a terminal, bound to the next card tap (K2, K3)."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import applications, cards, clock, db, organisations, policies
from app.counter.models import CounterSession, QueueTicket
from app.counter.served import policy_served
from app.counter.states import CounterEvent, CounterState, after
from app.counter.tickets import use_ticket
from app.counter.visit import FINISHED, live_visit, note, open_card_session, put_away, wipe
from app.errors import DomainError
from app.organisations import Role, SignedInStaff, Terminal

CARD_SECONDS = 180
_CONFIRMED = (CounterState.SECOND_TAP_OK, CounterState.DONE)


class NotCounterStaff(Exception):
    """Only staff of the counter receive people."""


def call_next(
    staff: SignedInStaff,
    policy_id: str,
    *,
    ticket_no: int | None = None,
    ticket_day: date | None = None,
    has_pin: bool = True,
    for_child: bool = False,
    choose: bool = False,
) -> UUID:
    """Open a visit for this policy; one that was going on is wiped first (BR-50). Returns its id.

    ``ticket_no``: the number of a ticket of an earlier closing time, whose time then counts; ``ticket_day``: the day
    that is printed on it, needed where another day's has the same number. ``has_pin`` false: the card is one without
    PINs (顔認証), or is taken as one. ``for_child``: a guardian applies, whose card comes first.
    ``choose``: the person has applied already, on paper or otherwise, and chooses the service for that.
    Raises ``NotCounterStaff``; the policy's reason when it takes no applications,
    E804 when the reader cannot be asked, ``DayNeeded``, ``LookupError`` for a ticket or policy that is none of here,
    ``cards.ReaderBusy``.
    """
    if Role.COUNTER not in staff.roles:
        raise NotCounterStaff
    try:
        with db.transaction() as session:
            ticket = use_ticket(session, staff, policy_id, ticket_no, ticket_day) if ticket_no is not None else None
            return _open(session, staff, policy_id, ticket, has_pin=has_pin, for_child=for_child, choose=choose)
    except IntegrityError:
        raise LookupError("somebody opened a visit at this moment") from None


def _open(
    session: Session,
    staff: SignedInStaff,
    policy_id: str,
    ticket: QueueTicket | None,
    *,
    has_pin: bool,
    for_child: bool,
    choose: bool,
) -> UUID:
    terminal = organisations.get_terminal(session, staff.terminal_id)
    if terminal is None:
        raise LookupError("no such terminal")
    before = live_visit(session, staff.terminal_id)
    if before is not None:
        put_away(session, before)
        session.flush()
    if choose:
        policy_served(session, terminal.municipality_code, policy_id)
    else:
        _check_policy(session, terminal, policy_id, ticket, for_child=for_child)
    purpose = "counter" if has_pin else "touch"
    return open_visit(
        session,
        terminal,
        staff.staff_id,
        policy_id,
        ticket.id if ticket else None,
        purpose=purpose,
        for_child=for_child and not choose,
        errand="choose" if choose else "apply",
    )


def open_visit(
    session: Session,
    terminal: Terminal,
    staff_id: str,
    policy_id: str,
    ticket_id: UUID | None,
    *,
    purpose: str,
    for_child: bool = False,
    guardian_evidence_id: UUID | None = None,
    errand: str = "apply",
) -> UUID:
    """An empty visit that waits for a card. Raises E804 when the reader cannot be asked, ``cards.ReaderBusy``."""
    reader = cards.reader_at_counter(session, terminal.agent_id)
    if reader is None or not reader.online:
        raise DomainError("E804")
    now = clock.real_now()
    row = CounterSession(
        terminal_id=terminal.terminal_id,
        staff_id=staff_id,
        policy_id=policy_id,
        ticket_id=ticket_id,
        for_child=for_child,
        errand=errand,
        guardian_evidence_id=guardian_evidence_id,
        state=after(CounterState.LOCKED, CounterEvent.CALL_NEXT),
        opened_at=now,
        touched_at=now,
    )
    session.add(row)
    session.flush()
    open_card_session(session, row, reader.agent_id, purpose, CARD_SECONDS)
    note(session, "counter.called", row)
    return row.id


def _check_policy(
    session: Session, terminal: Terminal, policy_id: str, ticket: QueueTicket | None, *, for_child: bool
) -> None:
    policy = policy_served(session, terminal.municipality_code, policy_id)
    refusal = policies.refusal_at(policy, ticket.issued_at) if ticket else policy.refusal
    if refusal is not None:
        raise refusal
    if policy.apply_block_reason is not None and policy.amount is None:
        raise LookupError("this policy cannot be applied for here")
    if for_child:
        applications.check_guardian_may_apply(policy)


def give_up(staff: SignedInStaff, visit_id: UUID | None) -> None:
    """Staff stop this visit: wiped, nothing saved. Another one than the page was made for goes on.

    After the second tap it is too late: the person has confirmed, and the page shows the receipt.
    """
    with db.transaction() as session:
        row = live_visit(session, staff.terminal_id)
        if row is not None and row.id == visit_id and row.state not in _CONFIRMED:
            put_away(session, row)


def finish(staff: SignedInStaff, visit_id: UUID | None) -> None:
    """The receipt was handed over: this visit is cleared away. One that is not done goes on."""
    with db.transaction() as session:
        row = live_visit(session, staff.terminal_id)
        if row is not None and row.id == visit_id and row.state == CounterState.DONE:
            wipe(session, row, FINISHED)


def close_desk(session: Session, terminal_id: UUID) -> None:
    """Staff leave: what was going on is wiped in the same transaction."""
    row = live_visit(session, terminal_id)
    if row is not None:
        put_away(session, row)
