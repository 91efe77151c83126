"""What the periods of a rebate do to an application: when it is fulfilled, and when a grant has to wait for staff."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Session

from app import clock, db, jobs, points, rebates, screening
from app.applications.models import Application
from app.applications.review_effects import locked_application, note
from app.applications.states import Action, ApplicationState, move
from app.rebates import RebatePeriodClosed

_STILL_TO_COME = (points.GrantState.PLANNED, points.GrantState.ORDERED)


def end_of_period(session: Session, event: RebatePeriodClosed) -> None:
    """A period was closed. Its grant is held while staff look at the application again (domain.md 5.3).

    After the last one without a grant nobody will tell that it is over: a job looks, so that this transaction, which
    holds the enrolment, does not wait for the application.
    """
    from app.applications.tasks import finish_rebate

    checks = screening.checks_of(session, event.policy_id, event.application_id)
    if any(check.result != screening.CheckState.PASSED for check in checks):
        points.hold_grants(session, event.policy_id, event.application_id)
    if event.is_last and not event.granted:
        jobs.defer(session, finish_rebate, policy_id=event.policy_id, application_id=str(event.application_id))


def finish(policy_id: str, application_id: UUID) -> bool:
    """End a rebate that has nothing more to come; False while it has."""
    with db.transaction() as session:
        application = locked_application(session, policy_id, application_id)
        if application.state != ApplicationState.APPROVED or not is_all_granted(session, application):
            return False
        application.state = move(ApplicationState.APPROVED, Action.FULFIL, "system").target
        application.fulfilled_at = clock.now()
        note(session, "application.fulfilled", application, "system")
        return True


def is_all_granted(session: Session, application: Application) -> bool:
    """True when the last period is closed and nothing is on its way any more."""
    if not rebates.is_over(session, application.policy_id, application.id):
        return False
    grants = points.grants_of(session, application.policy_id, application.id)
    return all(grant.state not in _STILL_TO_COME for grant in grants)
