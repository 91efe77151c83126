"""A decided return case to its end: what is asked for, paid, given up or given back. Each use case is one transaction.

What is booked is never more than the ledger still holds: a purchase that counts after all may have made it less since
the case was decided, and the case follows that a moment later (``of_rebates``).
"""

from __future__ import annotations

from datetime import date
from typing import Literal
from uuid import UUID

from app import clock, db, events, points
from app.points import LedgerEvent
from app.returns.cases import REVIEW
from app.returns.happenings import ReturnCancelled
from app.returns.models import ReturnCase
from app.returns.states import ReturnAction, ReturnRefused, ReturnState, move
from app.returns.steps import book, checked_text, due_now, locked_case, move_case, note
from app.screening import Staff, check_role

_S, _A = ReturnState, ReturnAction
Way = Literal["reversal", "repay"]


def demand(policy_id: str, case_id: UUID, staff: Staff, pay_by: date) -> None:
    """The treasurer asks for the amount until a day."""
    if pay_by < clock.today():
        raise ValueError("the day has passed")
    with db.transaction() as session:
        case = locked_case(session, policy_id, case_id)
        move_case(session, case, _A.DEMAND, "treasurer", staff)
        case.pay_by = pay_by
        note(session, case, "demand", staff, amount=case.amount)


def record_payment(  # which case, by whom, what came and how
    policy_id: str, case_id: UUID, staff: Staff, amount: int, how: Way, *, left_as_read: int | None = None
) -> int:
    """The provider took back an unspent part (``reversal``), or the person paid by slip (``repay``); what is left.

    Raises ``ReturnRefused`` for more than is left in the ledger, and for a reversal by a service that makes none.
    ``left_as_read`` is what was left when the person at the screen looked: so the same form sent twice books one
    payment.
    """
    check_role(staff, "treasurer")
    with db.transaction() as session:
        case = locked_case(session, policy_id, case_id)
        left = due_now(session, case)
        action = _A.SETTLE if amount == left else _A.PAY_PART
        move(_S(case.state), action, "treasurer")  # before the numbers: a case that is over says so
        if not 0 < amount <= left or left_as_read not in (None, left):
            raise ReturnRefused(_S(case.state), f"{left} points are left to pay", "left", left)
        if how == "reversal" and not points.can_be_reversed(session, policy_id, case.application_id):
            raise ReturnRefused(_S(case.state), "the service takes nothing back", "no_reversal")
        case.recovered += amount
        case.amount = case.recovered + left - amount
        _drop_proposal(case)
        move_case(session, case, action, "treasurer", staff)
        note(session, case, f"{action}_{how}", staff, amount=amount)
        if action is _A.SETTLE:
            points.end_reversal(session, policy_id, case.application_id, recovered=case.recovered)
        book(session, case, LedgerEvent(how), amount)
        return left - amount


def allow_instalments(policy_id: str, case_id: UUID, staff: Staff) -> None:
    """The rest may be paid in parts."""
    with db.transaction() as session:
        case = locked_case(session, policy_id, case_id)
        move_case(session, case, _A.ALLOW_INSTALMENTS, "treasurer", staff)
        note(session, case, "allow_instalments", staff)


def litigate(policy_id: str, case_id: UUID, staff: Staff) -> None:
    """The claim goes to court."""
    with db.transaction() as session:
        case = locked_case(session, policy_id, case_id)
        move_case(session, case, _A.LITIGATE, "approver", staff)
        note(session, case, "litigate", staff)


def propose_write_off(policy_id: str, case_id: UUID, staff: Staff, reason: str) -> UUID:
    """The treasurer says why the rest should be given up; nothing happens until a second person agrees.

    Returns what names the proposal. It falls when a payment comes or the amount changes, and with a newer one.
    """
    check_role(staff, "treasurer")
    reason = checked_text(reason)
    with db.transaction() as session:
        case = locked_case(session, policy_id, case_id)
        move(_S(case.state), _A.WRITE_OFF, "approver")  # possible at all?
        left = due_now(session, case)
        case.write_off_by = staff.staff_id
        case.proposal_id = note(session, case, "write_off_proposed", staff, amount=left, text=reason)
        return case.proposal_id


def write_off(policy_id: str, case_id: UUID, staff: Staff, *, proposal_id: UUID) -> None:
    """The approver gives the rest up, as somebody else proposed it: what the ledger still holds, and no more."""
    check_role(staff, "approver")
    with db.transaction() as session:
        case = locked_case(session, policy_id, case_id)
        move(_S(case.state), _A.WRITE_OFF, "approver")
        if case.write_off_by is None or case.proposal_id != proposal_id:
            raise ReturnRefused(_S(case.state), "there is no such proposal any more", "no_proposal")
        if case.write_off_by == staff.staff_id:
            raise ReturnRefused(_S(case.state), "the same person proposed it", "same_person")
        left = due_now(session, case)
        if left < case.amount - case.recovered and not _is_for_staff_to_end(case, left):
            raise ReturnRefused(_S(case.state), "the refunds were counted again; look at the amount", "recounted", left)
        move_case(session, case, _A.WRITE_OFF, "approver", staff)
        case.proposal_id, case.written_off_by = None, staff.staff_id
        note(session, case, "write_off", staff, amount=left)
        points.end_reversal(session, policy_id, case.application_id, recovered=case.recovered)
        book(session, case, LedgerEvent.WRITE_OFF, left)


def cancel(policy_id: str, case_id: UUID, staff: Staff, reason: str) -> None:
    """An objection is accepted before anything was paid: the points are the person's again. ``reason``: which, why."""
    reason = checked_text(reason)
    with db.transaction() as session:
        case = locked_case(session, policy_id, case_id)
        move_case(session, case, _A.CANCEL, "approver", staff)
        note(session, case, "cancel", staff, text=reason)
        points.lock_grants(session, policy_id, case.application_id)  # before the application (decision 0026)
        if case.origin == REVIEW:
            events.publish(session, ReturnCancelled(policy_id, case.application_id, staff.staff_id))
        points.cancel_reversal(session, policy_id, case.application_id)
        book(session, case, LedgerEvent.CLAWBACK_CANCEL, due_now(session, case))


def _is_for_staff_to_end(case: ReturnCase, left: int) -> bool:
    """Nothing is due any more, and the case does not end with that by itself (``of_rebates``)."""
    return not left and not case.recovered and case.state in (_S.INSTALMENTS, _S.LITIGATED)


def _drop_proposal(case: ReturnCase) -> None:
    case.proposal_id, case.write_off_by = None, None
