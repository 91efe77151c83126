"""開庁日: days on which a public office is open: no Saturday, Sunday, holiday, nor 29 December to 3 January.

The holidays are computed from the law as it stands since 2022 (国民の祝日に関する法律), the equinoxes by the usual
formula, which holds until 2099; a day that a later law moves is a new row here.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

SATURDAY = 5
FIXED = ((1, 1), (2, 11), (2, 23), (4, 29), (5, 3), (5, 4), (5, 5), (8, 11), (11, 3), (11, 23))
# (month, which Monday of it)
MONDAYS = ((1, 2), (7, 3), (9, 3), (10, 2))
# Month, and the two numbers of the formula: day in 1980 and drift.
EQUINOXES = ((3, 20.8431), (9, 23.2488))
YEAR_END = ((12, 29), (12, 30), (12, 31), (1, 2), (1, 3))


def is_business_day(day: date) -> bool:
    """True on a day on which the office is open."""
    return day.weekday() < SATURDAY and (day.month, day.day) not in YEAR_END and day not in holidays(day.year)


def next_business_day(day: date) -> date:
    """The first business day that is this day or later."""
    while not is_business_day(day):
        day += timedelta(days=1)
    return day


@lru_cache(maxsize=100)
def holidays(year: int) -> frozenset[date]:
    """The national holidays of a year, with substitute holidays and days between two of them."""
    named = {date(year, month, day) for month, day in FIXED}
    named |= {_monday(year, month, which) for month, which in MONDAYS}
    named |= {_equinox(year, month, base) for month, base in EQUINOXES}
    found = set(named)
    for day in sorted(named):
        if day.weekday() == SATURDAY + 1:
            substitute = day + timedelta(days=1)
            while substitute in named:
                substitute += timedelta(days=1)
            found.add(substitute)
        between, other = day + timedelta(days=1), day + timedelta(days=2)
        if other in named and between not in named and between.weekday() != SATURDAY + 1:
            found.add(between)
    return frozenset(found)


def _monday(year: int, month: int, which: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(7 - first.weekday()) % 7 + 7 * (which - 1))


def _equinox(year: int, month: int, base: float) -> date:
    return date(year, month, int(base + 0.242194 * (year - 1980)) - (year - 1980) // 4)
