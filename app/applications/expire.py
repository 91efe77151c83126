"""期限切れ: the day for choosing a payment service has passed; the amount expires (BR-49)."""

from __future__ import annotations

from datetime import datetime, time
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import clock, db, payments, points, policies
from app.applications.approval import deadline_after_failure, is_over, take_back
from app.applications.models import Application
from app.applications.review_effects import document_of, has_no_open_order, locked_application, note
from app.applications.states import Action, ApplicationState, move
from app.points import LedgerEvent
from app.policies import PolicyState

EXPIRIES_PER_ROUND = 200
_STILL_TAKES_APPLICATIONS = (PolicyState.OPEN, PolicyState.FULL)


def expire_unassigned() -> int:
    """The clock: end the approved applications that have no service after their last day; returns how many.

    Each in a transaction of its own.
    """
    today = datetime.combine(clock.today(), time(0), clock.TOKYO)
    with db.reading() as session:
        due = session.execute(
            select(Application.policy_id, Application.id)
            .where(Application.state == ApplicationState.APPROVED, Application.assign_by < today)
            .order_by(Application.assign_by)
            .limit(EXPIRIES_PER_ROUND)
        ).all()
    return sum(_expire(row.policy_id, row.id) for row in due)


def choose_again(session: Session, event: points.GrantFailed) -> None:
    """The order failed: the person has until this day to choose another service (E401)."""
    application = locked_application(session, event.policy_id, event.application_id)
    if application.state != ApplicationState.APPROVED:
        return
    document = document_of(session, application)
    if application.channel == "paper":
        application.assign_by, application.told_at = document.window.grant_by, None  # to be told anew
        return
    application.assign_by = deadline_after_failure(document, application.decided_at or clock.now(), clock.now())


def _expire(policy_id: str, application_id: UUID) -> bool:
    with db.transaction() as session:
        application = locked_application(session, policy_id, application_id)
        if application.state != ApplicationState.APPROVED or application.assign_by is None:
            return False  # chosen, withdrawn or revoked meanwhile
        if not is_over(application.assign_by, clock.now()) or not has_no_open_order(session, application):
            return False
        assert payments.link_of_application(session, policy_id, application_id) is None
        points.hold_grants(session, policy_id, application_id)
        application.state = move(ApplicationState.APPROVED, Action.MISS_ASSIGNING, "clock").target
        recycled = _recycles(session, application)
        note(session, "application.assign_expired", application, "clock", recycled=recycled)
        names = {"application_id": application_id, "person_id": application.beneficiary_id}
        book = points.Book(session, policy_id)
        held = take_back(session, book, application, LedgerEvent.EXPIRE)
        if recycled and held:
            book.post(LedgerEvent.RECYCLE, held, **names)
        session.flush()
        # The seat goes with the amount: what stays expired stays taken.
        book.close(seats=-1 if recycled else 0)
        return True


def _recycles(session: Session, application: Application) -> bool:
    """Only where declared, and while the policy still takes applications (BR-49)."""
    policy = policies.get(session, application.policy_id)
    return policy is not None and policy.document.recycle and policy.state in _STILL_TAKES_APPLICATIONS
