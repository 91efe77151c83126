"""The nightly job: notes what ended, erases what no policy needs any more."""

from __future__ import annotations

import structlog

from app.jobs import tasks
from app.retention import policies

log = structlog.get_logger(__name__)


@tasks.periodic(cron="40 17 * * *")
@tasks.task(name="retention.erase_ended", queueing_lock="retention.erase_ended", lock="retention.erase_ended")
def erase_ended(timestamp: int) -> None:
    """Every night in Japan (BR-65)."""
    policies.note_ended_policies()
    for policy_id in policies.erase_ended_policies():
        log.info("the personal data of a policy is erased", policy_id=policy_id)
