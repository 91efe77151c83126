"""The jobs of rebates. Arguments are ids; run again, each finds its work done."""

from __future__ import annotations

from uuid import UUID

from app import db
from app.jobs import tasks
from app.rebates import close
from app.rebates.enrol import locked_enrolment
from app.rebates.queries import active_enrolments
from app.rebates.recount import recount

QUEUE = "grants"


@tasks.periodic(cron="5 * * * *")
@tasks.task(name="rebates.close_due_periods", queueing_lock="rebates.close_due_periods", queue=QUEUE)
def close_due_periods(timestamp: int) -> None:
    """Every hour: count and grant the periods whose last report is in."""
    while close.close_due_periods().closed:
        pass


@tasks.task(name="rebates.count_again", queue=QUEUE)
def count_again(policy_id: str, application_id: str) -> None:
    """Count one application again: a grant of it has arrived, part of which may be due for return."""
    with db.transaction() as session:
        recount(session, locked_enrolment(session, policy_id, UUID(application_id)))


@tasks.task(name="rebates.count_policy_again", queue=QUEUE)
def count_policy_again(policy_id: str) -> None:
    """Count every application of a policy again: its shop list is another one now."""
    with db.reading() as session:
        applications = active_enrolments(session, policy_id)
    for application_id in applications:
        count_again(policy_id, str(application_id))
