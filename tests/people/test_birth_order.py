"""BR-29: 第n子 by birth date, until the declared limit; twins by the register, or staff."""

from __future__ import annotations

from datetime import date
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.people.birth_order import Birth, nth_child

APRIL_1 = date(2026, 4, 1)
SECOND, LAST = Birth(date(2010, 6, 1)), Birth(date(2015, 6, 1))
DAYS = st.dates(date(2004, 4, 2), date(2026, 3, 31))


def order(child: Birth, *siblings: Birth, on: date = APRIL_1) -> int | None:
    return nth_child(child, siblings, on=on, counted_until=22)


def test_br_29_the_eldest_counts_to_the_end_of_the_fiscal_year_of_the_age() -> None:
    assert order(LAST, Birth(date(2004, 4, 2)), SECOND) == 3
    assert order(LAST, Birth(date(2004, 4, 1)), SECOND) == 2
    assert order(LAST, Birth(date(2004, 4, 1)), SECOND, on=date(2026, 3, 31)) == 3


def test_br_29_twins_without_a_register_order_are_for_staff() -> None:
    eldest, twins = Birth(date(2008, 1, 1)), (Birth(SECOND.day), Birth(SECOND.day))
    assert order(twins[0], eldest, twins[1]) is None
    assert order(Birth(SECOND.day, 1), eldest, twins[1]) is None
    assert order(Birth(SECOND.day, 1), eldest, Birth(SECOND.day, 1)) is None
    assert order(Birth(SECOND.day, 1), eldest, Birth(SECOND.day, 2)) == 2
    assert order(Birth(SECOND.day, 2), eldest, Birth(SECOND.day, 1)) == 3


def test_br_29_twins_among_the_others_need_no_order_of_their_own() -> None:
    assert order(LAST, Birth(SECOND.day), Birth(SECOND.day)) == 3


def test_br_29_a_child_beyond_the_limit_is_nobodys_nth() -> None:
    with pytest.raises(ValueError, match="limit"):
        order(Birth(date(2004, 4, 1)))


@given(st.lists(DAYS, min_size=1, max_size=6, unique=True))
def test_br_29_the_children_of_a_family_are_the_first_to_the_last_in_whatever_order_they_are_named(
    days: list[date],
) -> None:
    births = [Birth(day) for day in days]
    for named in list(permutations(births))[:24]:
        numbers = {one.day: order(one, *(other for other in named if other is not one)) for one in named}
        assert [numbers[day] for day in sorted(days)] == list(range(1, len(days) + 1))
