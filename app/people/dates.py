"""Dates as people and registers write them: years of Japanese eras with their limits, or western years (BR-09).

Nothing is corrected silently: a date that does not exist is refused, with the one that was perhaps meant as a hint.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

from app.people.ages import wareki

MAX_DATE_CHARACTERS = 40


class ImpossibleDate(ValueError):
    """E608: no day of the calendar is written like this. ``hint`` is the day that was perhaps meant, in words."""

    def __init__(self, value: str, hint: str | None) -> None:
        super().__init__("not a day of the calendar")
        self.value = value
        self.hint = hint


class _Era(NamedTuple):
    first: date
    last: date
    first_year: int


# domain.md 8.4. Before 明治6年 Japan counted by another calendar: no western day is certain there.
_ERAS = {
    "明治": _Era(date(1873, 1, 1), date(1912, 7, 29), 1868),
    "大正": _Era(date(1912, 7, 30), date(1926, 12, 24), 1912),
    "昭和": _Era(date(1926, 12, 25), date(1989, 1, 7), 1926),
    "平成": _Era(date(1989, 1, 8), date(2019, 4, 30), 1989),
    "令和": _Era(date(2019, 5, 1), date.max, 2019),
}
_SHORT = {"m": "明治", "t": "大正", "s": "昭和", "h": "平成", "r": "令和"} | {era[0]: era for era in _ERAS}
_IN_ERA = re.compile(
    r"(?P<era>明治|大正|昭和|平成|令和|[明大昭平令]|[mtshr])\.?"
    r"(?P<year>元|\d{1,3})(?:年|[./\-])(?P<month>\d{1,2})(?:月|[./\-])(?P<day>\d{1,2})日?",
    re.ASCII | re.IGNORECASE,
)
_WESTERN = re.compile(
    r"(?P<year>\d{4})(?:年|[./\-])(?P<month>\d{1,2})(?:月|[./\-])(?P<day>\d{1,2})日?|(?P<packed>\d{8})", re.ASCII
)
_SPACES = re.compile(r"\s+")
_HYPHENS = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2212", "-"))
# A spreadsheet counts days; five digits are the days from 1927 to 2173. Only a hint comes of it (BR-71).
_SERIAL = re.compile(r"\d{5}(?:\.0+)?", re.ASCII)
_SERIAL_DAY_ZERO = date(1899, 12, 30)


@lru_cache(maxsize=131_072)
def parse_date(text: str) -> date:
    """The day that ``text`` names: 昭和22年3月3日, S25.11.05, M45/7/29, 令和元年5月1日, 1949-07-20, 19490720.

    Full-width digits and spaces don't matter. Raises ``ImpossibleDate`` for anything else, with a hint where the year
    runs past its era (昭和64年1月8日: 平成元年1月8日) or the value is a spreadsheet's day count.
    """
    folded = _SPACES.sub("", unicodedata.normalize("NFKC", text[:MAX_DATE_CHARACTERS])).translate(_HYPHENS)
    in_era = _IN_ERA.fullmatch(folded)
    if in_era is not None:
        return _day_of_era(text, in_era)
    western = _WESTERN.fullmatch(folded)
    if western is None:
        raise ImpossibleDate(text, _hint_for_serial(folded))
    packed = western["packed"]
    parts = (packed[:4], packed[4:6], packed[6:]) if packed else (western["year"], western["month"], western["day"])
    day = _calendar_day(*(int(part) for part in parts))
    if day is None:
        raise ImpossibleDate(text, None)
    return day


def _day_of_era(text: str, parts: re.Match[str]) -> date:
    written = parts["era"].lower()
    name = _SHORT.get(written, written)
    era = _ERAS[name]
    year = 1 if parts["year"] == "元" else int(parts["year"])
    day = None if year == 0 else _calendar_day(era.first_year + year - 1, int(parts["month"]), int(parts["day"]))
    if day is None or day < _ERAS["明治"].first:
        raise ImpossibleDate(text, None)
    if not era.first <= day <= era.last:
        raise ImpossibleDate(text, wareki(day))
    return day


def _calendar_day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _hint_for_serial(folded: str) -> str | None:
    if _SERIAL.fullmatch(folded) is None:
        return None
    return (_SERIAL_DAY_ZERO + timedelta(days=int(float(folded)))).isoformat()
