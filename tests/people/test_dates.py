"""BR-09, BR-10, BR-71: eras with their limits, hints, and no silent correction; against a slow calendar of its own."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.people.ages import wareki
from app.people.dates import ImpossibleDate, parse_date

# The first day of each era, and the letter; a calendar walked day by day from there knows no rule but these.
FIRST_DAYS = (
    (date(1873, 1, 1), "明治", "M", 6),
    (date(1912, 7, 30), "大正", "T", 1),
    (date(1926, 12, 25), "昭和", "S", 1),
    (date(1989, 1, 8), "平成", "H", 1),
    (date(2019, 5, 1), "令和", "R", 1),
)


def slow_era(day: date) -> tuple[str, str, int]:
    """Era, letter and year by walking the years one by one."""
    first, era, letter, year = max(row for row in FIRST_DAYS if row[0] <= day)
    for _ in range(first.year, day.year):
        year += 1
    return era, letter, year


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("令和元年5月1日", date(2019, 5, 1)),
        ("令和1年5月1日", date(2019, 5, 1)),
        ("昭和64年1月7日", date(1989, 1, 7)),
        ("S25.11.05", date(1950, 11, 5)),
        ("M45/7/29", date(1912, 7, 29)),
        ("昭和22年3月3日", date(1947, 3, 3)),
        ("大正15年3月3日", date(1926, 3, 3)),
        ("昭和３年１月１５日", date(1928, 1, 15)),
        ("昭和 22 年 3 月 3 日", date(1947, 3, 3)),
        ("昭22.3.3", date(1947, 3, 3)),
        ("㍼22年3月3日", date(1947, 3, 3)),
        ("h31-4-30", date(2019, 4, 30)),
        ("R8.5.5", date(2026, 5, 5)),
        ("1949-07-20", date(1949, 7, 20)),
        ("1949/7/20", date(1949, 7, 20)),
        ("1949年7月20日", date(1949, 7, 20)),
        ("19490720", date(1949, 7, 20)),
        ("明治6年1月1日", date(1873, 1, 1)),
    ],
)
def test_br_09_every_usual_way_to_write_a_day_is_read(text: str, day: date) -> None:
    assert parse_date(text) == day


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("昭和64年1月8日", "平成元年1月8日"),
        ("平成31年5月1日", "令和元年5月1日"),
        ("明治45年7月30日", "大正元年7月30日"),
        ("大正元年7月29日", "明治45年7月29日"),
        ("昭和元年12月24日", "大正15年12月24日"),
        ("17229", "1947-03-03"),
        ("明治5年1月1日", None),
        ("平成12年2月30日", None),
        ("平成0年1月1日", None),
        ("令和1年13月1日", None),
        ("2026-02-29", None),
        ("22.3.3", None),
        ("6E+15", None),
        ("昭和", None),
        ("", None),
    ],
)
def test_br_09_br_71_e608_an_impossible_day_is_refused_with_a_hint_and_never_corrected(
    text: str, hint: str | None
) -> None:
    with pytest.raises(ImpossibleDate) as refused:
        parse_date(text)
    assert (refused.value.value, refused.value.hint) == (text, hint)


@given(st.dates(date(1873, 1, 1), date(2090, 12, 31)))
def test_br_09_a_day_in_its_era_comes_back_from_every_way_to_write_it(day: date) -> None:
    era, letter, year = slow_era(day)
    assert parse_date(f"{era}{year}年{day.month}月{day.day}日") == day
    assert parse_date(f"{letter}{year}.{day.month:02}.{day.day:02}") == day
    assert parse_date(f"{day:%Y%m%d}") == day
    assert parse_date(wareki(day)) == day


@given(st.sampled_from(FIRST_DAYS[:-1]), st.integers(1, 9), st.integers(1, 12), st.integers(1, 31))
def test_br_09_a_year_past_its_era_is_never_read_as_a_day(
    row: tuple[date, str, str, int], beyond: int, month: int, day_no: int
) -> None:
    following = FIRST_DAYS[FIRST_DAYS.index(row) + 1]
    first_year = row[0].year - row[3] + 1
    year = following[0].year - first_year + 1 + beyond
    with pytest.raises(ImpossibleDate) as refused:
        parse_date(f"{row[1]}{year}年{month}月{day_no}日")
    if refused.value.hint is not None:
        assert parse_date(refused.value.hint) == date(first_year + year - 1, month, day_no)


@given(st.text(max_size=30))
def test_any_text_is_a_day_or_refused(text: str) -> None:
    try:
        day = parse_date(text)
    except ImpossibleDate:
        return
    assert date(1, 1, 1) <= day <= date.max


def test_br_10_a_day_without_an_era_gets_none_invented() -> None:
    assert wareki(date(1872, 12, 31)) == "1872年12月31日"
    assert parse_date("1872-12-31") == date(1873, 1, 1) - timedelta(days=1)
