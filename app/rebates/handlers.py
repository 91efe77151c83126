"""What rebates do when a lower floor tells them something."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from app import events, jobs, points
from app.points import GrantSucceeded
from app.rebates.invariants import check_rebates
from app.rebates.queries import enrolled_among
from app.rebates.tasks import count_again, count_policy_again
from app.shops import Purpose, ShopsLoaded


def register() -> None:
    """Listen; called once at the start of every process."""
    events.subscribe_to_many(GrantSucceeded, count_after_grant)
    events.subscribe(ShopsLoaded, count_after_list)
    points.also_check(check_rebates)


def count_after_grant(session: Session, happened: Sequence[GrantSucceeded]) -> None:
    """A refund may have come while the order was out: only what has been granted can be asked back (BR-38)."""
    for policy_id in sorted({event.policy_id for event in happened}):
        ids = {event.application_id for event in happened if event.policy_id == policy_id}
        for application_id in sorted(enrolled_among(session, policy_id, ids)):
            jobs.defer(session, count_again, policy_id=policy_id, application_id=str(application_id))


def count_after_list(session: Session, event: ShopsLoaded) -> None:
    """Purchases that waited for the list, or whose shop changed, are counted again."""
    if event.purpose is Purpose.EARN:
        jobs.defer(session, count_policy_again, policy_id=event.policy_id)
