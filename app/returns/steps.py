"""What every use case of a return case does: find it, move it, book, and write down what happened."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app import audit, clock, db, events, points
from app.my_number import looks_like_my_number
from app.pii import Private, vault
from app.points import Account, LedgerEvent
from app.returns.happenings import ReturnEnded
from app.returns.models import ReturnCase, ReturnStep
from app.returns.states import FINAL, ReturnAction, ReturnRefused, ReturnState, move
from app.screening import Role, Staff, check_role

MAX_REASON = 1_000


def locked_case(session: Session, policy_id: str, case_id: UUID) -> ReturnCase:
    """The case, locked until the transaction ends; ``LookupError`` when there is none."""
    case = session.get(ReturnCase, (policy_id, case_id), with_for_update=True, populate_existing=True)
    if case is None:
        raise LookupError("no such return case")
    return case


def open_case(  # noqa: PLR0917  # the columns of a case
    session: Session, policy_id: str, application_id: UUID, person_id: UUID, origin: str, amount: int
) -> ReturnCase | None:
    """A new case about so many points; None where one is open already (uq_return_cases_open)."""
    return session.scalar(
        insert(ReturnCase)
        .values(
            policy_id=policy_id,
            id=db.new_id(),
            application_id=application_id,
            person_id=person_id,
            origin=origin,
            state=ReturnState.SUSPECTED,
            amount=amount,
            recovered=0,
            office="",
            objection="",
            opened_at=clock.now(),
        )
        .on_conflict_do_nothing()
        .returning(ReturnCase)
    )


def move_case(session: Session, case: ReturnCase, action: ReturnAction, role: Role, staff: Staff) -> None:
    """Move it as the table says, or ``ReturnRefused``; for one that is over, whoever waits for that is told."""
    check_role(staff, role)
    case.state = move(ReturnState(case.state), action, role).target
    session.flush()
    if case.state in FINAL:
        events.publish(session, ReturnEnded(case.policy_id, case.application_id))


def due_now(session: Session, case: ReturnCase) -> int:
    """What the ledger holds for this application on RETURN_DUE, at most what the case is about (points).

    Locked: a recount of the rebate waits, or was before us and is in the number.
    """
    points.lock_grants(session, case.policy_id, case.application_id)
    due = points.lock_held(session, case.policy_id, case.application_id, Account.RETURN_DUE)
    return min(due, case.amount - case.recovered)


def book(session: Session, case: ReturnCase, event: LedgerEvent, amount: int) -> None:
    """Move points of the case, if there are any; the last statement of its transaction."""
    if not amount:
        return
    session.flush()
    entries = points.Book(session, case.policy_id)
    entries.post(event, amount, application_id=case.application_id, person_id=case.person_id)
    entries.close()


def checked_text(text: str) -> str:
    """A reason as it may be kept; ``ReturnRefused`` for none, a very long one, or a 12-digit number (BR-57)."""
    text = text.strip()
    if not text or len(text) > MAX_REASON or looks_like_my_number(text):
        raise ReturnRefused(None, f"a reason has at most {MAX_REASON} characters and no 12-digit number (BR-57)")
    return text


def note(
    session: Session,
    case: ReturnCase,
    action: str,
    staff: Staff | None = None,
    *,
    amount: int | None = None,
    text: str | None = None,
) -> UUID:
    """Write down what happened, for the history of the case and for the audit log; the id of the step."""
    step_id = db.new_id()
    session.add(
        ReturnStep(
            policy_id=case.policy_id,
            id=step_id,
            case_id=case.id,
            at=clock.now(),
            action=action,
            state=case.state,
            by_staff=staff.staff_id if staff else None,
            amount=amount or None,
            text_enc=vault().encrypt(Private(text), text_context(step_id)) if text else None,
        )
    )
    audit.record(
        session,
        f"return.{action}",
        actor_kind="staff" if staff else "system",
        actor=staff.staff_id if staff else None,
        policy_id=case.policy_id,
        object_kind="return_case",
        object_id=str(case.id),
        facts={"amount": case.amount, "recovered": case.recovered},
    )
    session.flush()
    return step_id


def text_context(step_id: UUID) -> str:
    """Which place a step's encrypted words belong to."""
    return f"return_steps.text:{step_id}"


def reason_context(case_id: UUID) -> str:
    """Which place the encrypted reason of a case belongs to."""
    return f"return_cases.reason:{case_id}"
