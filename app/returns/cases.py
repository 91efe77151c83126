"""The use cases of a return case, each one transaction: the case, the ledger, the record of who did it, or nothing."""

from __future__ import annotations

from datetime import date
from typing import Literal
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app import audit, clock, db, events, points
from app.my_number import looks_like_my_number
from app.pii import Private, vault
from app.points import Account, LedgerEvent
from app.returns.happenings import ReturnCancelled, ReturnDecided, ReturnEnded
from app.returns.models import ReturnCase
from app.returns.states import FINAL, ReturnAction, ReturnRefused, ReturnState, move
from app.screening import Role, Staff, check_role

MAX_REASON = 1_000
REVIEW, REBATE = "review", "rebate"
_S, _A = ReturnState, ReturnAction


def suspect(policy_id: str, application_id: UUID, person_id: UUID, staff: Staff) -> UUID:
    """Open a case about what an application was granted. Raises ``ReturnRefused`` when nothing is, or one is open."""
    check_role(staff, "reviewer")
    with db.transaction() as session:
        granted = points.held_for(session, policy_id, application_id, Account.GRANTED)
        if granted <= 0:
            raise ReturnRefused(None, "nothing was granted")
        if session.scalar(_open_case(policy_id, application_id)) is not None:
            raise ReturnRefused(None, "a case is open already")
        case = ReturnCase(
            policy_id=policy_id,
            id=db.new_id(),
            application_id=application_id,
            person_id=person_id,
            state=_S.SUSPECTED,
            amount=granted,
            opened_at=clock.now(),
        )
        session.add(case)
        _note(session, case, "suspected", staff)
        return case.id


def take(policy_id: str, case_id: UUID, staff: Staff) -> None:
    """A reviewer looks into it."""
    _simple(policy_id, case_id, _A.TAKE, "reviewer", staff)


def notify(policy_id: str, case_id: UUID, staff: Staff, reason: str, respond_by: date) -> None:
    """The person is heard: why, and until when they may answer (弁明機会). ``ValueError`` for a day that is over."""
    if respond_by < clock.today():
        raise ValueError("the day has passed")
    with db.transaction() as session:
        case = _move(session, policy_id, case_id, _A.NOTIFY, "reviewer", staff)
        case.reason_enc = vault().encrypt(Private(_checked(reason)), _context(case.id))
        case.respond_by = respond_by


def clear(policy_id: str, case_id: UUID, staff: Staff) -> None:
    """There was nothing to take back. What a rebate had put on RETURN_DUE is the person's again."""
    with db.transaction() as session:
        case = _move(session, policy_id, case_id, _A.CLEAR, "approver", staff)
        if case.origin == REBATE:
            _book(session, case, LedgerEvent.CLAWBACK_CANCEL, _still_due(session, case))


def propose(policy_id: str, case_id: UUID, staff: Staff, amount: int) -> None:
    """A reviewer says how much should be taken back; nothing happens until a second person decides."""
    check_role(staff, "reviewer")
    with db.transaction() as session:
        case = _locked(session, policy_id, case_id)
        if case.state != _S.NOTIFIED:
            raise ReturnRefused(_S(case.state), "the person was not heard yet, or it is decided")
        if case.origin == REBATE and amount != case.amount:
            raise ReturnRefused(_S(case.state), f"the refunds made it {case.amount} points, no more and no less")
        granted = points.held_for(session, policy_id, case.application_id, Account.GRANTED)
        if case.origin == REVIEW and not 0 < amount <= granted:
            raise ReturnRefused(_S(case.state), f"at most {granted} points were granted")
        case.amount, case.proposed_by = amount, staff.staff_id
        _note(session, case, "proposed", staff)


def decide(policy_id: str, case_id: UUID, staff: Staff, *, office: str, objection: str) -> None:
    """A second person decides: GRANTED goes to RETURN_DUE and the application is revoked (E403).

    The part of a rebate that refunds made too much stands on RETURN_DUE already, and the application stands.

    ``office`` and ``objection`` are the parts that every taking back states (BR-64); without them it is refused. The
    person's time to answer must be over.
    """
    with db.transaction() as session:
        case = _locked(session, policy_id, case_id)
        if case.proposed_by is None or not office or not objection:
            raise ReturnRefused(_S(case.state), "needs a proposal, the office and the way to object (BR-64)")
        if case.proposed_by == staff.staff_id:
            raise ReturnRefused(_S(case.state), "the same person proposed it")
        if case.respond_by is not None and clock.today() <= case.respond_by:
            raise ReturnRefused(_S(case.state), "the person may still answer")
        case = _move(session, policy_id, case_id, _A.DECIDE, "approver", staff)
        case.office, case.objection = office, objection
        case.decided_by, case.decided_at = staff.staff_id, clock.now()
        session.flush()
        if case.origin == REBATE:
            if _still_due(session, case) < case.amount:
                raise ReturnRefused(_S.NOTIFIED, "the refunds were counted again; look at the amount")
            return
        events.publish(session, ReturnDecided(policy_id, case.application_id, case.amount, staff.staff_id))
        points.request_reversal(session, policy_id, case.application_id)
        _book(session, case, LedgerEvent.CLAWBACK_OPEN, case.amount)


def demand(policy_id: str, case_id: UUID, staff: Staff, pay_by: date) -> None:
    """The treasurer asks for the amount until a day."""
    if pay_by < clock.today():
        raise ValueError("the day has passed")
    with db.transaction() as session:
        _move(session, policy_id, case_id, _A.DEMAND, "treasurer", staff).pay_by = pay_by


def record_payment(policy_id: str, case_id: UUID, staff: Staff, amount: int, how: Literal["reversal", "repay"]) -> int:
    """The provider took back an unspent part (``reversal``), or the person paid by slip (``repay``); what is left.

    Raises ``ReturnRefused`` for more than is left.
    """
    with db.transaction() as session:
        case = _locked(session, policy_id, case_id)
        left = case.amount - case.recovered
        if not 0 < amount <= left:
            raise ReturnRefused(_S(case.state), f"{left} points are left to pay")
        action = _A.SETTLE if amount == left else _A.PAY_PART
        case = _move(session, policy_id, case_id, action, "treasurer", staff, recovered=amount)
        if action is _A.SETTLE:
            points.end_reversal(session, policy_id, case.application_id, recovered=case.recovered)
        _book(session, case, LedgerEvent(how), amount)
        return left - amount


def allow_instalments(policy_id: str, case_id: UUID, staff: Staff) -> None:
    """The rest may be paid in parts."""
    _simple(policy_id, case_id, _A.ALLOW_INSTALMENTS, "treasurer", staff)


def litigate(policy_id: str, case_id: UUID, staff: Staff) -> None:
    """The claim goes to court."""
    _simple(policy_id, case_id, _A.LITIGATE, "approver", staff)


def write_off(policy_id: str, case_id: UUID, staff: Staff) -> None:
    """The approver gives the rest up."""
    with db.transaction() as session:
        case = _move(session, policy_id, case_id, _A.WRITE_OFF, "approver", staff)
        points.end_reversal(session, policy_id, case.application_id, recovered=case.recovered)
        _book(session, case, LedgerEvent.WRITE_OFF, case.amount - case.recovered)


def cancel(policy_id: str, case_id: UUID, staff: Staff) -> None:
    """An objection is accepted before anything was paid: the points are the person's again."""
    with db.transaction() as session:
        case = _move(session, policy_id, case_id, _A.CANCEL, "approver", staff)
        if case.origin == REVIEW:
            events.publish(session, ReturnCancelled(policy_id, case.application_id, staff.staff_id))
        points.cancel_reversal(session, policy_id, case.application_id)
        _book(session, case, LedgerEvent.CLAWBACK_CANCEL, _still_due(session, case))


def _simple(policy_id: str, case_id: UUID, action: ReturnAction, role: Role, staff: Staff) -> None:
    with db.transaction() as session:
        _move(session, policy_id, case_id, action, role, staff)


def _move(  # noqa: PLR0917  # which case, which move, by whom
    session: Session,
    policy_id: str,
    case_id: UUID,
    action: ReturnAction,
    role: Role,
    staff: Staff,
    *,
    recovered: int = 0,
) -> ReturnCase:
    check_role(staff, role)
    case = _locked(session, policy_id, case_id)
    allowed = move(_S(case.state), action, role)
    case.recovered += recovered
    case.state = allowed.target
    _note(session, case, action.value, staff)
    session.flush()
    if case.state in FINAL:
        events.publish(session, ReturnEnded(policy_id, case.application_id))
    return case


def _book(session: Session, case: ReturnCase, event: LedgerEvent, amount: int) -> None:
    if not amount:
        return
    session.flush()
    book = points.Book(session, case.policy_id)
    book.post(event, amount, application_id=case.application_id, person_id=case.person_id)
    book.close()


def _still_due(session: Session, case: ReturnCase) -> int:
    """What the ledger holds for this application on RETURN_DUE, at most what the case is about."""
    due = points.held_for(session, case.policy_id, case.application_id, Account.RETURN_DUE)
    return min(due, case.amount - case.recovered)


def _locked(session: Session, policy_id: str, case_id: UUID) -> ReturnCase:
    case = session.get(ReturnCase, (policy_id, case_id), with_for_update=True)
    if case is None:
        raise LookupError("no such return case")
    return case


def _open_case(policy_id: str, application_id: UUID) -> Select[UUID]:
    return select(ReturnCase.id).where(
        ReturnCase.policy_id == policy_id,
        ReturnCase.application_id == application_id,
        ReturnCase.state.not_in(FINAL),
    )


def _checked(reason: str) -> str:
    if not reason.strip() or len(reason) > MAX_REASON or looks_like_my_number(reason):
        raise ReturnRefused(None, f"a reason has at most {MAX_REASON} characters and no 12-digit number (BR-57)")
    return reason


def _context(case_id: UUID) -> str:
    return f"return_cases.reason:{case_id}"


def _note(session: Session, case: ReturnCase, action: str, staff: Staff) -> None:
    audit.record(
        session,
        f"return.{action}",
        actor_kind="staff",
        actor=staff.staff_id,
        policy_id=case.policy_id,
        object_kind="return_case",
        object_id=str(case.id),
        facts={"amount": case.amount, "recovered": case.recovered},
    )
