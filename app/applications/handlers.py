"""What an application does when a lower floor tells it something."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import audit, clock, db_rows, events, points, policies, rebates, returns
from app.applications.expire import choose_again
from app.applications.follow_ends import end_moved
from app.applications.invariants import compare_applications
from app.applications.models import Application
from app.applications.rebate import end_of_period, is_all_granted
from app.applications.returns_of_rebates import follow_return
from app.applications.revoke import reinstate, revoke_after_decision
from app.applications.states import Action, ApplicationState, move
from app.applications.waitlist import serve_later
from app.points import GrantFailed, GrantSucceeded, ResultsArrived, RoomFreed


def register() -> None:
    """Listen; called once at the start of every process."""
    events.subscribe(ResultsArrived, lock_applications)
    events.subscribe_to_many(GrantSucceeded, fulfil)
    events.subscribe(GrantFailed, choose_again)
    events.subscribe(RoomFreed, serve_later)
    events.subscribe(rebates.RebatePeriodClosed, end_of_period)
    events.subscribe(rebates.RebateReturnDue, follow_return)
    events.subscribe(returns.ReturnEnded, follow_return)
    events.subscribe(returns.ReturnDecided, revoke_after_decision)
    events.subscribe(returns.ReturnCancelled, reinstate)
    events.subscribe(policies.EndMoved, end_moved)
    points.also_check(compare_applications)


def lock_applications(session: Session, event: ResultsArrived) -> None:
    """Many results come at once: what any of them may change is locked together, before the first (decision 0026)."""
    policy_ids, ids = {policy_id for policy_id, _ in event.applications}, {each for _, each in event.applications}
    session.execute(
        select(Application.id)
        .where(db_rows.among(Application.policy_id, policy_ids), db_rows.among(Application.id, ids))
        .order_by(Application.policy_id, Application.id)
        .with_for_update()
    )


def fulfil(session: Session, happened: Sequence[GrantSucceeded]) -> None:
    """The points arrived: the applications are fulfilled, in the transaction that recorded the provider's answers."""
    by_policy: dict[str, list[GrantSucceeded]] = {}
    for event in happened:
        by_policy.setdefault(event.policy_id, []).append(event)
    for policy_id, events_ in sorted(by_policy.items()):
        _fulfil_in(session, policy_id, events_)


def _fulfil_in(session: Session, policy_id: str, happened: Sequence[GrantSucceeded]) -> None:
    ids = {event.application_id for event in happened}
    rows = session.scalars(
        select(Application)
        .where(Application.policy_id == policy_id, db_rows.among(Application.id, ids))
        .order_by(Application.id)
        .with_for_update()
    )
    applications = {row.id: row for row in rows}
    collecting = rebates.enrolled_among(session, policy_id, ids)
    fulfilled = []
    # Where several grants of one application arrived at once, it is fulfilled by the last, as if one after another.
    for event in {event.application_id: event for event in happened}.values():
        application = applications[event.application_id]
        if application.state != ApplicationState.APPROVED:
            continue
        if application.id in collecting and not is_all_granted(session, application):
            continue  # repeated benefits stay approved until the last one is done (domain.md 5.2)
        application.state = move(ApplicationState.APPROVED, Action.FULFIL, "system").target
        application.fulfilled_at = clock.now()
        fulfilled.append(application)
        audit.record(
            session,
            "application.fulfilled",
            actor_kind="system",
            policy_id=event.policy_id,
            object_kind="application",
            object_id=str(application.id),
            facts={"amount": event.amount},
        )
    db_rows.write_changed(session, fulfilled)
