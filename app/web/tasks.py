"""Jobs of the web floor: sweeping sessions, rate limits and idempotency keys that are over."""

from __future__ import annotations

from app.jobs import tasks
from app.web.idempotency import sweep_idempotency_keys
from app.web.rate_limits import sweep_rate_limits
from app.web.sessions import sweep_sessions


@tasks.periodic(cron="*/20 * * * *")
@tasks.task(name="web.sweep", queueing_lock="web.sweep")
def sweep(timestamp: int) -> None:
    """Sessions, rate limits and idempotency keys are kept only while they count."""
    sweep_sessions()
    sweep_rate_limits()
    sweep_idempotency_keys()
