"""Ages and birth dates by the law's reckoning (BR-04 to BR-06, BR-10), and years of Japanese eras (domain.md 8.4).

A legal age is attained at the end of the day before the birthday (年齢計算ニ関スル法律).
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

from app import clock

_EIGHT_DIGITS = re.compile(r"(\d{4})(\d{2})(\d{2})", re.ASCII)
_ERAS = (
    (date(2019, 5, 1), "令和"),
    (date(1989, 1, 8), "平成"),
    (date(1926, 12, 25), "昭和"),
    (date(1912, 7, 30), "大正"),
)
# Before 明治6年1月1日 Japan counted by another calendar, so that only western dates are certain there.
_MEIJI_FROM, _MEIJI_FIRST_YEAR = date(1873, 1, 1), 1868


def law_age(birth: date, instant: datetime) -> int:
    """Whole years at an instant, by the date in Japan: rises at 00:00 of the birthday (BR-04).

    Negative before the birth. Born on 29 February, it rises on 1 March of a common year (BR-05).
    """
    return _age_on(birth, clock.local(instant).date())


def age_at_end_of(birth: date, day: date) -> int:
    """The age for a condition "on day D", which is judged at 24:00 of that day (BR-04)."""
    return _age_on(birth, day + timedelta(days=1))


def attained_on(birth: date, years: int) -> date:
    """The day at whose end the age is attained: the day before the birthday (BR-04, BR-05)."""
    return _birthday(birth, years) - timedelta(days=1)


def nendo_end_last_day(birth: date, years: int) -> date:
    """The last day that counts as "until the fiscal year in which ``years`` is attained ends" (BR-06)."""
    attained = attained_on(birth, years)
    end = date(attained.year, 3, 31)
    return end if attained <= end else date(attained.year + 1, 3, 31)


def parse_card_birth_date(text: str) -> date | None:
    """The birth date of the card's record, ``YYYYMMDD``; ``None`` when it names no day of the calendar.

    A card may hold a date with an unknown day: such a person's age can't be decided by a program (domain.md 1.4).
    """
    parts = _EIGHT_DIGITS.fullmatch(text)
    if parts is None:
        return None
    try:
        return date(*(int(part) for part in parts.groups()))
    except ValueError:
        return None


def wareki(day: date) -> str:
    """The day in words of the Japanese calendar, 平成元年1月8日; before 1873 in western years."""
    for first, era in _ERAS:
        if day >= first:
            return _in_words(era, day.year - first.year + 1, day)
    if day >= _MEIJI_FROM:
        return _in_words("明治", day.year - _MEIJI_FIRST_YEAR + 1, day)
    return f"{day.year}年{day.month}月{day.day}日"


def _age_on(birth: date, day: date) -> int:
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def _birthday(birth: date, years: int) -> date:
    try:
        return birth.replace(year=birth.year + years)
    except ValueError:
        return date(birth.year + years, 3, 1)


def _in_words(era: str, year: int, day: date) -> str:
    return f"{era}{'元' if year == 1 else year}年{day.month}月{day.day}日"
