"""When maintenance moves a policy's end, the last day to choose a service moves where the order needs it (BR-07)."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import db, jobs
from app.applications.approval import assign_deadline
from app.applications.models import Application
from app.applications.review_effects import document_of, locked_application, note
from app.applications.states import ApplicationState
from app.policies import EndMoved


def end_moved(session: Session, event: EndMoved) -> None:
    """There may be many: a job goes through them."""
    from app.applications.tasks import follow_end_of

    jobs.defer(session, follow_end_of, policy_id=event.policy_id)


def follow_end(policy_id: str) -> int:
    """Give everybody of this policy who still has to choose a service the later day, each in a transaction; how many.

    Only ever later: what a person was told once stands, also when the maintenance is called off.
    """
    with db.reading() as session:
        choosing = select(Application.id).where(
            Application.policy_id == policy_id,
            Application.state == ApplicationState.APPROVED,
            Application.assign_by.is_not(None),
        )
        found = list(session.scalars(choosing.order_by(Application.id)))
    return sum(_extend(policy_id, application_id) for application_id in found)


def _extend(policy_id: str, application_id: UUID) -> bool:
    with db.transaction() as session:
        application = locked_application(session, policy_id, application_id)
        if application.state != ApplicationState.APPROVED or application.assign_by is None:
            return False
        assert application.decided_at is not None
        later = assign_deadline(document_of(session, application), application.decided_at)
        if later <= application.assign_by:
            return False
        application.assign_by = later
        note(session, "application.choice_moved", application, "system", until=later.isoformat())
        return True
