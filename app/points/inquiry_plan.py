"""When an open order is looked at again, as data. All in business time; the periodic job runs every minute."""

from __future__ import annotations

from datetime import timedelta

from app import payments

# A created order whose job has not run by now is given another job: a dead worker must not lose it.
RESEND_AFTER = timedelta(seconds=60)
# A sent order without an answer by now counts as unknown: the worker that sent it has died.
ANSWER_WITHIN = timedelta(seconds=30)
# While one worker asks, no other does.
LEASE = timedelta(minutes=2)

UNKNOWN_GAPS = tuple(timedelta(seconds=s) for s in (5, 30, 60, 120, 300, 900, 3600))
ACCEPTED_GAPS = tuple(timedelta(seconds=s) for s in (60, 300, 900, 3600, 6 * 3600))

MAX_ATTEMPTS = 20
ORDERS_PER_ROUND = 200


def gap(gaps: tuple[timedelta, ...], inquiries: int) -> timedelta:
    """How long to wait after this many inquiries, and up to a quarter more; the last gap repeats."""
    return payments.jittered(gaps[min(inquiries, len(gaps) - 1)])
