"""When a payment service is in maintenance, read from its own words, such as 「毎週日曜 02:00-04:00」.

The words are those a person reads; a service whose words this module can't read is refused at load, so that no window
is ever silently ignored. Times are Asia/Tokyo. 「閉庁日」 is the maintenance of services handed over at a counter.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from app import clock

NONE = "なし"
OFFICE_CLOSED = "閉庁日"
_WEEKDAYS = "月火水木金土日"
_WINDOW = re.compile(
    r"(?P<day>毎日|毎週(?P<weekly>[月火水木金土日])曜|毎月第(?P<nth>[1-5])(?P<monthly>[月火水木金土日])曜|毎月末日) "
    r"(?P<start>\d\d:\d\d)-(?P<overnight>翌)?(?P<end>\d\d:\d\d)"
)
# Windows last less than two days, so the day they began on is today or one of the two before.
_LOOK_BACK_DAYS = 2


@dataclass(frozen=True)
class RepeatedWindow:
    """A window that comes again: on which days it begins, at what time, and how long it lasts."""

    begins_on: Callable[[date], bool]
    start: time
    length: timedelta

    def end_of_current(self, instant: datetime) -> datetime | None:
        """The end of the window that holds this instant, else None. The end itself is outside."""
        today = clock.local(instant).date()
        for days_ago in range(_LOOK_BACK_DAYS + 1):
            day = today - timedelta(days=days_ago)
            begin = datetime.combine(day, self.start, clock.TOKYO)
            if self.begins_on(day) and begin <= instant < begin + self.length:
                return begin + self.length
        return None


def parse_maintenance(words: str) -> RepeatedWindow | None:
    """The window that these words describe; None for 「なし」 and 「閉庁日」. ``ValueError`` for other words."""
    if words in (NONE, OFFICE_CLOSED):
        return None
    found = _WINDOW.fullmatch(words)
    if found is None:
        raise ValueError("maintenance is not in a known form, such as 毎週日曜 02:00-04:00")
    start, end = time.fromisoformat(found["start"]), time.fromisoformat(found["end"])
    minutes = (end.hour - start.hour) * 60 + end.minute - start.minute + (24 * 60 if found["overnight"] else 0)
    if minutes <= 0:
        raise ValueError("maintenance ends before it begins")
    return RepeatedWindow(_day_rule(found), start, timedelta(minutes=minutes))


def maintenance_end(words: str, instant: datetime) -> datetime | None:
    """Until when a service with these words is in maintenance at this instant; None when it is not."""
    window = parse_maintenance(words)
    return window.end_of_current(instant) if window else None


def _day_rule(found: re.Match[str]) -> Callable[[date], bool]:
    if found["weekly"]:
        weekday = _WEEKDAYS.index(found["weekly"])
        return lambda day: day.weekday() == weekday
    if found["monthly"]:
        weekday, nth = _WEEKDAYS.index(found["monthly"]), int(found["nth"])
        return lambda day: day.weekday() == weekday and (day.day - 1) // 7 + 1 == nth
    if found["day"] == "毎月末日":
        return lambda day: (day + timedelta(days=1)).day == 1
    return lambda day: True
