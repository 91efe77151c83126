"""Jobs of the counter: what nobody looks at any more ends by the clock as well (BR-52)."""

from __future__ import annotations

from sqlalchemy import select

from app import db
from app.counter.alarms import forget_old_accounts
from app.counter.follow import follow
from app.counter.models import CounterSession
from app.counter.states import CounterState
from app.jobs import tasks


@tasks.periodic(cron="* * * * *")
@tasks.task(name="counter.sweep", queueing_lock="counter.sweep")
def sweep(timestamp: int) -> None:
    """A visit whose pages were closed is wiped like any other; old sightings of service IDs are forgotten."""
    end_idle_visits()
    forget_old_accounts()


def end_idle_visits() -> int:
    """Follow every visit that is going on; returns how many there were."""
    with db.reading() as session:
        live = select(CounterSession.terminal_id).where(CounterSession.state != CounterState.WIPED)
        terminals = list(session.scalars(live))
    for terminal_id in terminals:
        follow(terminal_id)
    return len(terminals)
