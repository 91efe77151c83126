"""Keeps the return case of a rebate in line with what its refunds made due (BR-38)."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Session

from app import db, jobs, rebates, returns
from app.applications.models import Application


def follow_return(session: Session, event: rebates.RebateReturnDue | returns.ReturnEnded) -> None:
    """Something was made due or is not due any more, or a case ended: a job looks, once the books are written."""
    from app.applications.tasks import follow_return_of

    if rebates.is_enrolled(session, event.policy_id, event.application_id):
        jobs.defer(session, follow_return_of, policy_id=event.policy_id, application_id=str(event.application_id))


def follow(policy_id: str, application_id: UUID) -> None:
    """Open, adjust or end the return case of this application's rebate."""
    with db.reading() as session:
        beneficiary_id = session.get_one(Application, (policy_id, application_id)).beneficiary_id
    returns.follow_books(policy_id, application_id, beneficiary_id)


def follow_all() -> int:
    """The same for every rebate of which something was made due; returns how many were looked at."""
    with db.reading() as session:
        due = rebates.returns_due(session)
    for policy_id, application_id in due:
        follow(policy_id, application_id)
    return len(due)
