"""A return case up to its decision, each use case one transaction: the case, the ledger, who did it, or nothing."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from app import clock, db, events, points
from app.pii import Private, vault
from app.points import Account, LedgerEvent
from app.returns.happenings import ReturnDecided
from app.returns.states import ReturnAction, ReturnRefused, ReturnState
from app.returns.steps import book, checked_text, due_now, locked_case, move_case, note, open_case, reason_context
from app.screening import Staff, check_role

REVIEW, REBATE = "review", "rebate"
MAX_LETTER_PART = 500
_S, _A = ReturnState, ReturnAction


def suspect(policy_id: str, application_id: UUID, person_id: UUID, staff: Staff) -> UUID:
    """Open a case about what an application was granted. Raises ``ReturnRefused`` when nothing is, or one is open."""
    check_role(staff, "reviewer")
    with db.transaction() as session:
        granted = points.held_for(session, policy_id, application_id, Account.GRANTED)
        if granted <= 0:
            raise ReturnRefused(None, "nothing was granted", "nothing_granted")
        case = open_case(session, policy_id, application_id, person_id, REVIEW, granted)
        if case is None:
            raise ReturnRefused(None, "a case is open already", "open_already")
        note(session, case, "suspected", staff, amount=granted)
        return case.id


def take(policy_id: str, case_id: UUID, staff: Staff) -> None:
    """A reviewer looks into it."""
    with db.transaction() as session:
        case = locked_case(session, policy_id, case_id)
        move_case(session, case, _A.TAKE, "reviewer", staff)
        note(session, case, "take", staff)


def notify(policy_id: str, case_id: UUID, staff: Staff, reason: str, respond_by: date) -> None:
    """The person is heard: why, and until when they may answer (弁明機会). ``ValueError`` for a day that is over."""
    if respond_by < clock.today():
        raise ValueError("the day has passed")
    reason = checked_text(reason)
    with db.transaction() as session:
        case = locked_case(session, policy_id, case_id)
        move_case(session, case, _A.NOTIFY, "reviewer", staff)
        case.reason_enc = vault().encrypt(Private(reason), reason_context(case.id))
        case.respond_by = respond_by
        note(session, case, "notify", staff)


def clear(policy_id: str, case_id: UUID, staff: Staff) -> None:
    """There was nothing to take back. What a rebate had put on RETURN_DUE is the person's again."""
    with db.transaction() as session:
        case = locked_case(session, policy_id, case_id)
        move_case(session, case, _A.CLEAR, "approver", staff)
        note(session, case, "clear", staff)
        if case.origin == REBATE:
            book(session, case, LedgerEvent.CLAWBACK_CANCEL, due_now(session, case))


def propose(policy_id: str, case_id: UUID, staff: Staff, amount: int) -> UUID:
    """A reviewer says how much should be taken back; nothing happens until a second person decides on this proposal.

    Returns what names it. An earlier proposal no longer stands.
    """
    check_role(staff, "reviewer")
    with db.transaction() as session:
        case = locked_case(session, policy_id, case_id)
        if case.state != _S.NOTIFIED:
            raise ReturnRefused(_S(case.state), "the person was not heard yet, or it is decided", "not_heard")
        if case.origin == REBATE and amount != case.amount:
            text = f"the refunds made it {case.amount} points, no more and no less"
            raise ReturnRefused(_S(case.state), text, "amount", case.amount)
        granted = points.held_for(session, policy_id, case.application_id, Account.GRANTED)
        if case.origin == REVIEW and not 0 < amount <= granted:
            raise ReturnRefused(_S(case.state), f"at most {granted} points were granted", "amount", granted)
        case.amount, case.proposed_by = amount, staff.staff_id
        case.proposal_id = note(session, case, "proposed", staff, amount=amount)
        return case.proposal_id


def decide(  # which case, by whom, what they read, and what the letter says
    policy_id: str, case_id: UUID, staff: Staff, *, proposal_id: UUID, office: str, objection: str
) -> None:
    """A second person decides: GRANTED goes to RETURN_DUE and the application is revoked (E403).

    The part of a rebate that refunds made too much stands on RETURN_DUE already, and the application stands.

    ``proposal_id`` is the proposal that they read. ``office`` and ``objection`` are the parts that every taking back
    states (BR-64); without them it is refused. The person's time to answer must be over.
    """
    check_role(staff, "approver")
    with db.transaction() as session:
        case = locked_case(session, policy_id, case_id)
        if case.state != _S.NOTIFIED or case.proposed_by is None or case.proposal_id != proposal_id:
            raise ReturnRefused(_S(case.state), "there is no such proposal any more", "no_proposal")
        if not _is_letter_part(office) or not _is_letter_part(objection):
            raise ReturnRefused(_S(case.state), "needs the office and the way to object (BR-64)", "letter")
        if case.proposed_by == staff.staff_id:
            raise ReturnRefused(_S(case.state), "the same person proposed it", "same_person")
        if case.respond_by is not None and clock.today() <= case.respond_by:
            raise ReturnRefused(_S(case.state), "the person may still answer", "may_answer")
        move_case(session, case, _A.DECIDE, "approver", staff)
        case.office, case.objection, case.proposal_id = office.strip(), objection.strip(), None
        case.decided_by, case.decided_at = staff.staff_id, clock.now()
        note(session, case, "decide", staff, amount=case.amount)
        if case.origin == REBATE:
            if due_now(session, case) < case.amount:
                raise ReturnRefused(_S.NOTIFIED, "the refunds were counted again; look at the amount", "recounted")
            return
        points.lock_grants(session, policy_id, case.application_id)  # before the application (decision 0026)
        events.publish(session, ReturnDecided(policy_id, case.application_id, case.amount, staff.staff_id))
        points.request_reversal(session, policy_id, case.application_id)
        granted = points.lock_held(session, policy_id, case.application_id, Account.GRANTED)
        if granted < case.amount:  # some of it expired, or refunds are asked back already
            raise ReturnRefused(_S.NOTIFIED, f"only {granted} points are still granted", "recounted", granted)
        book(session, case, LedgerEvent.CLAWBACK_OPEN, case.amount)


def _is_letter_part(text: str) -> bool:
    return 0 < len(text.strip()) <= MAX_LETTER_PART
