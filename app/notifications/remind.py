"""Reminders some days before a day on which something ends (domain.md 3.6)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import TypeAlias

from sqlalchemy.orm import Session

from app import applications, clock, db
from app.applications import Deadline
from app.notifications.outbox import tell

WAKING_HOURS = range(9, 20)
"""In Japan: a phone beside a bed should stay quiet."""

EndingOn: TypeAlias = Callable[[Session, date], Iterable[Deadline]]

# What ends, how many days before it is told, and who knows whose it is; another kind of deadline is another line.
DEADLINES: dict[str, tuple[tuple[int, ...], EndingOn]] = {
    "choose_by": ((14, 7, 3, 1), applications.choices_ending_on),
    "answer_by": ((14, 7, 3, 1), applications.answers_ending_on),
    "receive_by": ((14, 3, 1), applications.receipts_ending_on),
}


def remind() -> int:
    """Queue what is due today; returns how many messages. Running it again, or an hour late, adds nothing twice."""
    if clock.local(clock.now()).hour not in WAKING_HOURS:
        return 0
    count = 0
    for kind, (days_before, ending_on) in DEADLINES.items():
        for days in days_before:
            day = clock.today() + timedelta(days=days)
            with db.transaction() as session:
                for each in ending_on(session, day):
                    key = f"{kind}:{each.application_id}:{day.isoformat()}:{days}"
                    about = (each.policy_id, each.application_id)
                    facts: dict[str, str | int] = {"day": day.isoformat(), "days": days}
                    count += tell(session, each.applicant_id, kind, key, about=about, facts=facts)
    return count
