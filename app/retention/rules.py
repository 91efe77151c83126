"""From which day a completed policy's personal data may go (BR-65). Pure."""

from __future__ import annotations

from datetime import date

KEPT_FISCAL_YEARS = 5


def fiscal_year_of(day: date) -> int:
    """年度: it begins on 1 April."""
    return day.year if day.month >= 4 else day.year - 1


def erasable_from(completed_on: date, kept_fiscal_years: int = KEPT_FISCAL_YEARS) -> date:
    """The first day after the kept fiscal years, which follow the one of completion."""
    return date(fiscal_year_of(completed_on) + kept_fiscal_years + 1, 4, 1)
