"""Jobs of the application floor."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete

from app import clock, db
from app.applications.draft import erase_unused_facts
from app.applications.models import Application
from app.applications.states import ApplicationState
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
