"""Jobs of the review: deadlines of inquiries, and applications that waited for a fact."""

from __future__ import annotations

from uuid import UUID

from app.applications.facts_stated import look_again
from app.applications.review import lapse_unanswered
from app.jobs import tasks


@tasks.periodic(cron="*/5 * * * *")
@tasks.task(name="applications.lapse_unanswered", queueing_lock="applications.lapse_unanswered")
def lapse(timestamp: int) -> None:
    """End the applications whose person did not answer in time."""
    lapse_unanswered()


@tasks.task(name="applications.look_again_at")
def look_again_at(person_id: str) -> None:
    """Something was stated about this person: judge what waited for it."""
    look_again(UUID(person_id))
