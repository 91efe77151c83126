"""BR-04 to BR-06: when an age is attained, on leap days and at the end of a fiscal year."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app import clock
from app.people.ages import age_at_end_of, attained_on, law_age, nendo_end_last_day, parse_card_birth_date, wareki
from tests.properties import examples


def _tokyo(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=clock.TOKYO)


@pytest.mark.parametrize(
    ("birth", "years", "day"),
    [
        (date(2011, 4, 1), 15, date(2026, 3, 31)),
        (date(2011, 4, 2), 15, date(2026, 4, 1)),
        (date(2008, 2, 29), 18, date(2026, 2, 28)),
        (date(2008, 2, 29), 19, date(2027, 2, 28)),
        (date(2008, 2, 29), 20, date(2028, 2, 28)),
    ],
)
def test_br_04_br_05_an_age_is_attained_the_day_before_the_birthday(birth: date, years: int, day: date) -> None:
    assert attained_on(birth, years) == day
    assert age_at_end_of(birth, day) == years
    assert age_at_end_of(birth, date.fromordinal(day.toordinal() - 1)) == years - 1


@pytest.mark.parametrize(
    ("birth", "on", "years", "counts"),
    [
        (date(1986, 10, 2), date(2026, 10, 1), 40, True),
        (date(1986, 10, 3), date(2026, 10, 1), 40, False),
        (date(1952, 4, 1), date(2027, 3, 31), 75, True),
        (date(1952, 4, 2), date(2027, 3, 31), 75, False),
    ],
)
def test_br_04_a_condition_on_a_day_is_judged_at_its_end(birth: date, on: date, years: int, counts: bool) -> None:
    assert (age_at_end_of(birth, on) >= years) is counts


@pytest.mark.parametrize(
    ("birth", "at", "age"),
    [
        (date(2011, 4, 1), "2026-03-31T23:59:59", 14),
        (date(2011, 4, 1), "2026-04-01T00:00:00", 15),
        (date(2007, 11, 21), "2026-11-20T23:59:59", 18),
        (date(2007, 11, 21), "2026-11-21T00:00:00", 19),
        (date(2008, 2, 29), "2026-02-28T23:59:59", 17),
        (date(2008, 2, 29), "2026-03-01T00:00:00", 18),
        (date(2008, 2, 29), "2028-02-28T23:59:59", 19),
        (date(2008, 2, 29), "2028-02-29T00:00:00", 20),
    ],
)
def test_br_04_br_05_br_06_the_age_rises_at_midnight_in_japan(birth: date, at: str, age: int) -> None:
    assert law_age(birth, _tokyo(at)) == age


def test_br_04_the_day_is_japans_and_not_the_servers() -> None:
    assert law_age(date(2011, 4, 1), datetime(2026, 3, 31, 14, 59, 59, tzinfo=UTC)) == 14
    assert law_age(date(2011, 4, 1), datetime(2026, 3, 31, 15, 0, tzinfo=UTC)) == 15


@pytest.mark.parametrize(
    ("birth", "last_day"),
    [
        (date(2008, 4, 1), date(2026, 3, 31)),
        (date(2008, 4, 2), date(2027, 3, 31)),
        (date(2008, 2, 29), date(2026, 3, 31)),
    ],
)
def test_br_06_nendo_end_is_the_first_31_march_on_or_after_the_age(birth: date, last_day: date) -> None:
    assert nendo_end_last_day(birth, 18) == last_day


@given(st.dates(date(1900, 1, 1), date(2030, 12, 31)), st.integers(1, 120))
def test_br_04_the_two_ways_to_ask_for_an_age_agree(birth: date, years: int) -> None:
    day = attained_on(birth, years)
    assert age_at_end_of(birth, day) == years
    assert nendo_end_last_day(birth, years) >= day


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("19750819", date(1975, 8, 19)),
        ("20080229", date(2008, 2, 29)),
        ("19500000", None),
        ("19500100", None),
        ("20070229", None),
        ("00000000", None),
        ("1975-8-9", None),
        ("１９７５０８１９", None),
        ("", None),
    ],
)
def test_a_birth_date_with_an_unknown_day_is_none(text: str, expected: date | None) -> None:
    assert parse_card_birth_date(text) == expected


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (date(2019, 5, 1), "令和元年5月1日"),
        (date(2019, 4, 30), "平成31年4月30日"),
        (date(1989, 1, 8), "平成元年1月8日"),
        (date(1989, 1, 7), "昭和64年1月7日"),
        (date(1950, 11, 5), "昭和25年11月5日"),
        (date(1926, 12, 25), "昭和元年12月25日"),
        (date(1926, 12, 24), "大正15年12月24日"),
        (date(1912, 7, 30), "大正元年7月30日"),
        (date(1912, 7, 29), "明治45年7月29日"),
        (date(1873, 1, 1), "明治6年1月1日"),
        (date(1872, 12, 31), "1872年12月31日"),
    ],
)
def test_the_eras_begin_and_end_on_their_days(day: date, words: str) -> None:
    assert wareki(day) == words


def slow_birthdays(birth: date, until: date) -> int:
    """Count birthdays by walking every day, as a clerk would with a calendar; a leap day's is the day after it."""
    count, day = 0, birth
    while day < until:
        day += timedelta(days=1)
        leap_day_is_missing = (birth.month, birth.day) == (2, 29) and (day.month, day.day) == (3, 1)
        yesterday = day - timedelta(days=1)
        count += (day.month, day.day) == (birth.month, birth.day) or (leap_day_is_missing and yesterday.day == 28)
    return count


_BIRTHS = st.one_of(
    st.dates(date(1900, 1, 1), date(2026, 12, 31)),
    st.integers(476, 506).map(lambda quarter: date(quarter * 4, 2, 29)),
    st.integers(1900, 2026).flatmap(lambda year: st.sampled_from([date(year, 4, 1), date(year, 4, 2)])),
)


@settings(max_examples=examples(60))
@given(_BIRTHS, st.integers(0, 20_000), st.integers(0, 86_399))
def test_br_04_br_05_an_age_is_the_number_of_birthdays_lived_through(birth: date, days: int, second: int) -> None:
    day = birth + timedelta(days=days)
    instant = datetime(day.year, day.month, day.day, tzinfo=clock.TOKYO) + timedelta(seconds=second)
    assert law_age(birth, instant) == slow_birthdays(birth, day)
    assert law_age(birth, instant.astimezone(UTC)) == slow_birthdays(birth, day)
    assert age_at_end_of(birth, day) == slow_birthdays(birth, day + timedelta(days=1))


@settings(max_examples=examples(60))
@given(_BIRTHS, st.integers(1, 30))
def test_br_06_nendo_end_is_the_31_march_that_a_walk_meets_first(birth: date, years: int) -> None:
    day = birth
    while age_at_end_of(birth, day) < years:
        day += timedelta(days=1)
    assert day == attained_on(birth, years)
    while (day.month, day.day) != (3, 31):
        day += timedelta(days=1)
    assert nendo_end_last_day(birth, years) == day
