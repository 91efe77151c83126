"""Jobs of accounts and terminals: what is over by time is closed and, later, forgotten."""

from __future__ import annotations

from app.jobs import tasks
from app.organisations.sign_in import sweep_staff_sessions
from app.organisations.terminals import sweep_terminal_codes


@tasks.periodic(cron="*/10 * * * *")
@tasks.task(name="organisations.sweep", queueing_lock="organisations.sweep")
def sweep(timestamp: int) -> None:
    """Sign-ins and codes that are over."""
    sweep_staff_sessions()
    sweep_terminal_codes()
