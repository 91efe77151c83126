"""Maintenance hours of services, read from their own words."""

from __future__ import annotations

from datetime import datetime

import pytest

from app import clock
from app.payments import maintenance_end
from app.payments.maintenance import parse_maintenance
from tests.payments.samples import service


def _at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+09:00")


@pytest.mark.parametrize(
    ("service_id", "instant", "end"),
    [
        # the second Monday of the month
        ("SVC-QR-01", "2026-11-09T01:00", "2026-11-09T05:00"),
        ("SVC-QR-01", "2026-11-09T04:59:59", "2026-11-09T05:00"),
        ("SVC-QR-01", "2026-11-09T05:00", None),
        ("SVC-QR-01", "2026-11-09T00:59:59", None),
        ("SVC-QR-01", "2026-11-02T02:00", None),
        ("SVC-QR-01", "2026-11-16T02:00", None),
        # every Sunday
        ("SVC-QR-02", "2026-11-22T03:00", "2026-11-22T04:00"),
        ("SVC-QR-02", "2026-11-21T03:00", None),
        # every day
        ("SVC-EM-01", "2026-11-20T03:30", "2026-11-20T04:00"),
        ("SVC-EM-03", "2026-11-20T01:50", "2026-11-20T04:50"),
        # the last day of the month, over midnight; February, and the year's end
        ("SVC-PP-01", "2027-02-28T23:00", "2027-03-01T05:00"),
        ("SVC-PP-01", "2027-03-01T04:59", "2027-03-01T05:00"),
        ("SVC-PP-01", "2027-02-27T23:30", None),
        ("SVC-PP-01", "2027-01-01T00:30", "2027-01-01T05:00"),
        # Sunday evening to Monday morning
        ("SVC-DB-01", "2026-11-23T05:59", "2026-11-23T06:00"),
        ("SVC-DB-01", "2026-11-23T06:00", None),
        ("SVC-LC-01", "2026-11-20T03:30", None),
        ("SVC-PAPER-01", "2026-11-21T03:30", None),
    ],
)
def test_every_sample_service_is_in_maintenance_when_its_words_say_so(
    service_id: str, instant: str, end: str | None
) -> None:
    assert maintenance_end(service(service_id).maintenance, _at(instant)) == (_at(end) if end else None)


@pytest.mark.parametrize(
    "words", ["", "毎週日曜", "毎週日曜 2:00-4:00", "毎日 25:00-26:00", "毎日 04:00-03:00", "時々"]
)
def test_words_that_nobody_can_read_are_refused(words: str) -> None:
    with pytest.raises(ValueError, match=r"maintenance|hour"):
        parse_maintenance(words)


def test_the_hours_are_those_of_japan() -> None:
    instant = clock.local(_at("2026-11-20T03:30")).astimezone(tz=None)
    assert maintenance_end("毎日 03:00-04:00", instant) == _at("2026-11-20T04:00")
