"""Reminders 14, 7, 3 and 1 days before a day on which something ends (domain.md 3.6)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, timedelta

from sqlalchemy.orm import Session

from app import applications, clock, db
from app.applications import Deadline
from app.notifications.outbox import tell

DAYS_BEFORE = (14, 7, 3, 1)
WAKING_HOURS = range(9, 20)
"""In Japan: a phone beside a bed should stay quiet."""

# What ends, and who asks for it; another kind of deadline is another line.
DEADLINES: dict[str, Callable[[Session, date], Iterable[Deadline]]] = {
    "choose_by": applications.choices_ending_on,
    "answer_by": applications.answers_ending_on,
}


def remind() -> int:
    """Queue what is due today; returns how many messages. Running it again, or an hour late, adds nothing twice."""
    if clock.local(clock.now()).hour not in WAKING_HOURS:
        return 0
    count = 0
    for kind, ending_on in DEADLINES.items():
        for days in DAYS_BEFORE:
            day = clock.today() + timedelta(days=days)
            with db.transaction() as session:
                for each in ending_on(session, day):
                    key = f"{kind}:{each.application_id}:{day.isoformat()}:{days}"
                    about = (each.policy_id, each.application_id)
                    facts: dict[str, str | int] = {"day": day.isoformat(), "days": days}
                    count += tell(session, each.applicant_id, kind, key, about=about, facts=facts)
    return count
