"""A receipt shown at the counter: its number opens the state of that application and no more, and is on the audit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from app import applications, audit, db, policies, screening
from app.applications import StatusWord
from app.counter.call_next import NotCounterStaff
from app.counter.served import givers_served
from app.organisations import Role, SignedInStaff


@dataclass(frozen=True)
class ReceiptView:
    """What staff may tell the one who holds the receipt. No name, no address, no ID but its last four digits."""

    receipt_no: str
    policy_title: str
    status: StatusWord
    amount: int
    service_name: str | None
    masked_account: str | None
    submitted_at: datetime


def look_up_receipt(staff: SignedInStaff, receipt_no: str) -> ReceiptView | None:
    """The application of this number, or None: unknown, of a policy this counter does not serve, or of somebody about
    whom only one office answers (BR-31). The three look alike. Raises ``NotCounterStaff``.
    """
    if Role.COUNTER not in staff.roles:
        raise NotCounterStaff
    with db.transaction() as session:
        found = _find(session, staff, receipt_no)
        audit.record(
            session,
            "counter.receipt_looked_up",
            actor_kind="staff",
            actor=staff.staff_id,
            policy_id=found.policy_id if found else None,
            object_kind="application" if found else "receipt",
            object_id=str(found.application_id) if found else "none",
            facts={"terminal": str(staff.terminal_id), "found": found is not None},
        )
    if found is None:
        return None
    return ReceiptView(
        receipt_no=found.receipt_no,
        policy_title=found.policy_title,
        status=found.status,
        amount=found.amount,
        service_name=found.service_name,
        masked_account=found.masked_account,
        submitted_at=found.submitted_at,
    )


def _find(session: Session, staff: SignedInStaff, receipt_no: str) -> applications.ApplicationView | None:
    people = applications.people_of_receipt(session, receipt_no)
    if not people:
        return None
    view = applications.view_by_receipt(session, receipt_no, people[0])
    policy = policies.get(session, view.policy_id) if view else None
    if policy is None or policy.document.municipality_code not in givers_served(staff.municipality_code):
        return None
    hidden = any(screening.stated_about(session, person).support_measure for person in people)
    return None if hidden else view
