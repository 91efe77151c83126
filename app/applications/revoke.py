"""取消し: what was approved or granted is taken back (domain.md 5.2, E403)."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Session

from app import clock, db, points, returns, screening
from app.applications.approval import take_back
from app.applications.models import Application
from app.applications.review_access import check_has_no_part
from app.applications.review_effects import locked_application, note, stop_before_the_order
from app.applications.states import Action, ApplicationState, move
from app.screening import ReviewRefused, Staff


def revoke_before_the_order(policy_id: str, application_id: UUID, staff: Staff) -> None:
    """The approver takes an approval back while nothing is ordered: seat and amount are free at once.

    ``ReviewRefused`` when an order is out: then only a return case can take back (``returns.suspect``).
    """
    screening.check_role(staff, "approver")
    with db.transaction() as session:
        application = locked_application(session, policy_id, application_id)
        close_books = stop_before_the_order(session, application, "approver")
        if close_books is None:
            raise ReviewRefused("not_in_review")
        close_books()


def suspect_return(policy_id: str, application_id: UUID, staff: Staff) -> UUID:
    """Open a return case about what this application was granted; its id. Not by who has a part in it."""
    with db.reading() as session:
        application = session.get_one(Application, (policy_id, application_id))
        check_has_no_part(session, application, staff)
    return returns.suspect(policy_id, application_id, application.beneficiary_id, staff)


def revoke_after_decision(session: Session, event: returns.ReturnDecided) -> None:
    """It was decided to take the grant back: the application is revoked in the same transaction."""
    application = locked_application(session, event.policy_id, event.application_id)
    grants = points.grants_of(session, event.policy_id, event.application_id)
    if any(grant.state is points.GrantState.ORDERED for grant in grants):
        raise ReviewRefused("others_open")  # what a provider still has in hand comes first
    if application.state not in (ApplicationState.FULFILLED, ApplicationState.APPROVED):
        return  # revoked for another part of it before
    was = ApplicationState(application.state)
    application.state = move(was, Action.REVOKE, "approver").target
    note(session, "application.revoked", application, "staff", event.decided_by, amount=event.amount)
    if was is ApplicationState.APPROVED:  # more was to come: that goes back to the budget; the seat was used
        points.hold_grants(session, event.policy_id, event.application_id)
        book = points.Book(session, event.policy_id)
        take_back(session, book, application, points.LedgerEvent.UNCOMMIT)
        book.close()


def reinstate(session: Session, event: returns.ReturnCancelled) -> None:
    """An objection was accepted: what was granted stands, and so does the application, unless another case stands."""
    application = locked_application(session, event.policy_id, event.application_id)
    if application.state != ApplicationState.REVOKED:
        return
    if returns.stands_against(session, event.policy_id, event.application_id):
        return
    application.state = move(ApplicationState.REVOKED, Action.REINSTATE, "approver").target
    application.fulfilled_at = application.fulfilled_at or clock.now()
    note(session, "application.reinstated", application, "staff", event.decided_by)
