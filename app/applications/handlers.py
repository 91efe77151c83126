"""What an application does when a lower floor tells it something."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import audit, clock, events, points, policies, rebates, returns
from app.applications.expire import choose_again
from app.applications.follow_ends import end_moved
from app.applications.invariants import compare_applications
from app.applications.models import Application
from app.applications.rebate import end_of_period, is_all_granted
from app.applications.returns_of_rebates import follow_return
from app.applications.revoke import reinstate, revoke_after_decision
from app.applications.states import Action, ApplicationState, move
from app.applications.waitlist import serve_later
from app.points import GrantFailed, GrantSucceeded, RoomFreed


def register() -> None:
    """Listen; called once at the start of every process."""
    events.subscribe(GrantSucceeded, fulfil)
    events.subscribe(GrantFailed, choose_again)
    events.subscribe(RoomFreed, serve_later)
    events.subscribe(rebates.RebatePeriodClosed, end_of_period)
    events.subscribe(rebates.RebateReturnDue, follow_return)
    events.subscribe(returns.ReturnEnded, follow_return)
    events.subscribe(returns.ReturnDecided, revoke_after_decision)
    events.subscribe(returns.ReturnCancelled, reinstate)
    events.subscribe(policies.EndMoved, end_moved)
    points.also_check(compare_applications)


def fulfil(session: Session, event: GrantSucceeded) -> None:
    """The points arrived: the application is fulfilled, in the transaction that recorded the provider's answer."""
    application = session.scalars(
        select(Application)
        .where(Application.policy_id == event.policy_id, Application.id == event.application_id)
        .with_for_update()
    ).one()
    if application.state != ApplicationState.APPROVED:
        return
    if rebates.is_enrolled(session, event.policy_id, event.application_id) and not is_all_granted(session, application):
        return  # repeated benefits stay approved until the last one is done (domain.md 5.2)
    application.state = move(ApplicationState.APPROVED, Action.FULFIL, "system").target
    application.fulfilled_at = clock.now()
    audit.record(
        session,
        "application.fulfilled",
        actor_kind="system",
        policy_id=event.policy_id,
        object_kind="application",
        object_id=str(application.id),
        facts={"amount": event.amount},
    )
