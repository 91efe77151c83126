"""What happens to a policy is told to everybody whose application is not over (domain.md 3.6)."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Session

from app import applications, db, jobs
from app.notifications.outbox import tell
from app.policies import EndMoved, PolicyResumed, PolicySuspended

BATCH = 500
# The message, and whether it concerns only those who wait for a seat.
_TOLD: dict[type, tuple[str, bool]] = {
    EndMoved: ("queue_moved", True),
    PolicySuspended: ("suspended", False),
    PolicyResumed: ("resumed", False),
}


def tell_of_policy(session: Session, event: EndMoved | PolicySuspended | PolicyResumed) -> None:
    """There may be thousands: a job goes through them."""
    from app.notifications.tasks import tell_those_in_flight

    kind, _ = _TOLD[type(event)]
    jobs.defer(session, tell_those_in_flight, policy_id=event.policy_id, kind=kind, change=event.change)


def tell_in_flight(policy_id: str, kind: str, change: str) -> int:
    """Queue one message for each, so many in a transaction; how many. Again, after a crash, nobody is told twice."""
    waiting_only = dict(_TOLD.values())[kind]
    told, after = 0, None
    while True:
        batch, queued = _batch(policy_id, kind, change, waiting_only, after)
        told += queued
        if len(batch) < BATCH:
            return told
        after = batch[-1].application_id


def _batch(
    policy_id: str, kind: str, change: str, waiting_only: bool, after: UUID | None
) -> tuple[list[applications.Deadline], int]:
    with db.transaction() as session:
        batch = applications.in_flight_of(session, policy_id, waiting_only=waiting_only, after=after, limit=BATCH)
        queued = sum(
            tell(
                session,
                each.applicant_id,
                kind,
                f"{kind}:{each.application_id}:{change}",
                about=(each.policy_id, each.application_id),
            )
            for each in batch
        )
        return batch, queued
