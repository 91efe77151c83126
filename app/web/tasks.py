"""Jobs of the web floor: sweeping sessions and rate limits that are over."""

from __future__ import annotations

from app.jobs import tasks
from app.web.rate_limits import sweep_rate_limits
from app.web.sessions import sweep_sessions


@tasks.periodic(cron="*/20 * * * *")
@tasks.task(name="web.sweep", queueing_lock="web.sweep")
def sweep(timestamp: int) -> None:
    """Sessions and rate limits are kept only while they count."""
    sweep_sessions()
    sweep_rate_limits()
