"""Jobs of the application floor."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete

from app import clock, db
from app.applications.draft import erase_unused_facts
from app.applications.expire import expire_unassigned
from app.applications.follow_ends import follow_end
from app.applications.models import Application
from app.applications.rebate import finish
from app.applications.returns_of_rebates import follow, follow_all
from app.applications.states import ApplicationState
from app.applications.waitlist import queues, serve_queue
from app.jobs import tasks

DRAFT_LIFE = timedelta(hours=24)


@tasks.periodic(cron="*/15 * * * *")
@tasks.task(name="applications.forget_drafts", queueing_lock="applications.forget_drafts")
def forget_drafts(timestamp: int) -> None:
    """Drafts that nobody went on with vanish with what was typed into them; no seat was held (BR-35)."""
    with db.transaction() as session:
        session.execute(
            delete(Application).where(
                Application.state == ApplicationState.STARTED, Application.started_at < clock.now() - DRAFT_LIFE
            )
        )
    erase_unused_facts(clock.now() - DRAFT_LIFE)


@tasks.periodic(cron="*/5 * * * *")
@tasks.task(name="applications.expire_unassigned", queueing_lock="applications.expire_unassigned")
def expire_unassigned_ones(timestamp: int) -> None:
    """End the approved applications whose last day for choosing a service has passed."""
    expire_unassigned()


@tasks.periodic(cron="* * * * *")
@tasks.task(name="applications.serve_queues", queueing_lock="applications.serve_queues")
def serve_queues(timestamp: int) -> None:
    """Look at every queue: seats may have come by a raised capacity, and a policy may have ended."""
    for policy_id in queues():
        serve_queue(policy_id)


@tasks.task(name="applications.finish_rebate")
def finish_rebate(policy_id: str, application_id: str) -> None:
    """The last period of a rebate was closed without a grant."""
    finish(policy_id, UUID(application_id))


@tasks.task(name="applications.follow_end_of")
def follow_end_of(policy_id: str) -> None:
    """Maintenance moved this policy's end."""
    follow_end(policy_id)


@tasks.task(name="applications.follow_return_of")
def follow_return_of(policy_id: str, application_id: str) -> None:
    """Refunds of a rebate changed what is due for return."""
    follow(policy_id, UUID(application_id))


@tasks.periodic(cron="20 17 * * *")
@tasks.task(name="applications.follow_returns", queueing_lock="applications.follow_returns")
def follow_returns(timestamp: int) -> None:
    """Every night: whatever is due has its case, also what became due before there were any."""
    follow_all()


@tasks.task(name="applications.serve_queue_of")
def serve_queue_of(policy_id: str) -> None:
    """A seat came free in this policy."""
    serve_queue(policy_id)
