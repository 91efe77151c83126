"""The periodic job that gives jobs of dead workers back to living ones."""

from __future__ import annotations

import structlog

from app.jobs import tasks

STALLED_SECONDS = 60
log = structlog.get_logger(__name__)


@tasks.periodic(cron="* * * * *")
@tasks.task(name="jobs.retry_stalled", queueing_lock="jobs.retry_stalled", pass_context=False)
async def retry_stalled_jobs(timestamp: int) -> None:
    """A worker that was killed can't give its job back. Every task may run again: what was done is found done."""
    for job in await tasks.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_SECONDS):
        log.warning("a job of a dead worker is given to another", job_id=job.id, task=job.task_name)
        await tasks.job_manager.retry_job(job)
