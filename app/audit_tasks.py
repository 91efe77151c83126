"""The periodic job that seals audit events."""

from __future__ import annotations

from app import audit, db
from app.jobs import tasks


@tasks.periodic(cron="* * * * *")
@tasks.task(name="audit.seal", queueing_lock="audit.seal", lock="audit.seal")
def seal_audit_events(timestamp: int) -> None:
    """Seal what was written since the last time, batch by batch."""
    while True:
        with db.transaction() as session:
            if audit.seal(session) < audit.SEAL_BATCH:
                return
