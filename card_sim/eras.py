"""Japanese eras, as far as card and certificates need them (card.md sections 7 and 10)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final


@dataclass(frozen=True)
class Era:
    """An era from its first day on; `certificate_digit` stands for it in the signature certificate."""

    name: str
    first_day: date
    certificate_digit: int

    def year_of(self, day: date) -> int:
        """The year within the era, beginning with 1."""
        return day.year - self.first_day.year + 1


ERAS: Final = (
    Era("令和", date(2019, 5, 1), 5),
    Era("平成", date(1989, 1, 8), 4),
    Era("昭和", date(1926, 12, 25), 3),
    Era("大正", date(1912, 7, 30), 2),
    Era("明治", date(1868, 1, 25), 1),
)


def era_of(day: date) -> Era:
    """The era a day lies in. Raises ValueError for days before Meiji."""
    for era in ERAS:
        if day >= era.first_day:
            return era
    raise ValueError("no era of this table holds the day")
