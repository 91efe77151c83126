"""From which day personal data may go (BR-65)."""

from __future__ import annotations

from datetime import date

import pytest

from app.retention import erasable_from, fiscal_year_of


@pytest.mark.parametrize(
    ("completed", "first_day"),
    [
        (date(2027, 5, 31), date(2033, 4, 1)),
        (date(2027, 4, 1), date(2033, 4, 1)),
        (date(2028, 3, 31), date(2033, 4, 1)),
        (date(2028, 4, 1), date(2034, 4, 1)),
    ],
)
def test_br_65_five_fiscal_years_after_the_one_of_completion(completed: date, first_day: date) -> None:
    assert erasable_from(completed) == first_day


def test_br_65_the_number_of_years_is_a_setting_of_the_policy() -> None:
    assert erasable_from(date(2027, 5, 31), 0) == date(2028, 4, 1)
    assert fiscal_year_of(date(2027, 3, 31)) == 2026
