"""BR-07: a planned window that touches the last 24 hours before an end moves that end. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from app import clock
from app.business_days import next_business_day

LAST_HOURS = timedelta(hours=24)


class Interval(NamedTuple):
    """When a window was announced to begin and to end."""

    start: datetime
    end: datetime


def moved_end(end: datetime, windows: Iterable[Interval]) -> datetime:
    """The end after all windows that touch its last 24 hours: 23:59:59 of a business day, or as it was.

    That day is later than the old one, not earlier than the day the window ends, and leaves at least the length of
    the window open after it. An end that was moved into another window moves again.
    """
    for window in sorted(windows):
        closing = _closing(clock.local(end).date())
        if window.start < closing and window.end > closing - LAST_HOURS:
            end = _after(clock.local(end).date(), window)
    return end


def _after(last_day: date, window: Interval) -> datetime:
    day = next_business_day(max(last_day + timedelta(days=1), clock.local(window.end).date()))
    while _closing(day) - window.end < window.end - window.start:
        day = next_business_day(day + timedelta(days=1))
    return datetime.combine(day, time(23, 59, 59), clock.TOKYO)


def _closing(day: date) -> datetime:
    """24:00 of the day in Japan: an end includes its whole day (BR-01)."""
    return datetime.combine(day + timedelta(days=1), time(0), clock.TOKYO)
