"""BR-07: maintenance in the last 24 hours moves an end to a business day; and which days are business days."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.business_days import holidays, is_business_day
from app.maintenance import Interval, moved_end


def at(text: str) -> datetime:
    return datetime.fromisoformat(text + "+09:00")


def moved(end: str, *windows: tuple[str, str]) -> str:
    found = moved_end(at(end), [Interval(at(start), at(stop)) for start, stop in windows])
    return found.isoformat().removesuffix("+09:00")


@pytest.mark.parametrize(
    ("end", "start", "stop", "expected"),
    [
        ("2027-01-31T23:59:59", "2027-01-31T20:00", "2027-02-01T06:00", "2027-02-01T23:59:59"),
        ("2026-12-25T23:59:59", "2026-12-25T20:00", "2026-12-26T06:00", "2026-12-28T23:59:59"),
        ("2027-01-31T23:59:59", "2027-01-31T20:00", "2027-02-01T20:00", "2027-02-02T23:59:59"),
        ("2027-01-31T23:59:59", "2027-01-30T20:00", "2027-01-30T23:59:59", "2027-01-31T23:59:59"),
        # Not in the table: the boundaries of the last 24 hours, the turn of the year, a holiday, a window of days.
        ("2027-01-31T23:59:59", "2027-01-30T20:00", "2027-01-31T00:00", "2027-01-31T23:59:59"),
        ("2027-01-31T23:59:59", "2027-01-30T20:00", "2027-01-31T00:00:01", "2027-02-01T23:59:59"),
        ("2027-01-31T23:59:59", "2027-02-01T00:00", "2027-02-01T06:00", "2027-01-31T23:59:59"),
        ("2026-12-28T23:59:59", "2026-12-28T20:00", "2026-12-29T06:00", "2027-01-04T23:59:59"),
        ("2027-02-10T23:59:59", "2027-02-10T20:00", "2027-02-11T06:00", "2027-02-12T23:59:59"),
        ("2027-02-01T23:59:59", "2027-02-01T08:00", "2027-02-03T08:00", "2027-02-05T23:59:59"),
    ],
)
def test_br_07_the_end_after_one_window(end: str, start: str, stop: str, expected: str) -> None:
    assert moved(end, (start, stop)) == expected


def test_br_07_an_end_that_was_moved_into_another_window_moves_again() -> None:
    windows = (("2027-01-31T20:00", "2027-02-01T06:00"), ("2027-02-01T20:00", "2027-02-02T02:00"))
    assert moved("2027-01-31T23:59:59", *windows) == "2027-02-02T23:59:59"
    assert moved("2027-01-31T23:59:59", *reversed(windows)) == "2027-02-02T23:59:59"


days = st.dates(date(2026, 1, 1), date(2027, 12, 31))


@given(day=days, start=days, minute=st.integers(0, 1439), hours=st.integers(1, 7 * 24))
def test_br_07_a_moved_end_is_later_open_long_enough_and_on_a_business_day(day, start, minute, hours) -> None:
    end = at(f"{day}T23:59:59")
    begin = at(f"{start}T00:00") + timedelta(minutes=minute)
    window = Interval(begin, begin + timedelta(hours=hours))
    after = moved_end(end, [window])
    if after == end:
        closing = end + timedelta(seconds=1)
        assert window.start >= closing or window.end <= closing - timedelta(hours=24)
        return
    assert after > end
    assert is_business_day(after.date())
    assert after + timedelta(seconds=1) - window.end >= window.end - window.start


@pytest.mark.parametrize(
    ("year", "days"),
    [
        (
            2026,
            "01-01 01-12 02-11 02-23 03-20 04-29 05-03 05-04 05-05 05-06 07-20 08-11 09-21 09-22 09-23 10-12 "
            "11-03 11-23",
        ),
        (2027, "01-01 01-11 02-11 02-23 03-21 03-22 04-29 05-03 05-04 05-05 07-19 08-11 09-20 09-23 10-11 11-03 11-23"),
    ],
)
def test_the_holidays_of_a_year(year: int, days: str) -> None:
    assert {f"{day:%m-%d}" for day in holidays(year)} == set(days.split())


@pytest.mark.parametrize("day", ["2026-12-29", "2026-12-31", "2027-01-02", "2026-11-21", "2026-11-22", "2026-11-23"])
def test_days_on_which_the_office_is_closed(day: str) -> None:
    assert not is_business_day(date.fromisoformat(day))
