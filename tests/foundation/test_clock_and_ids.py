"""The clock is the only source of now, moves only where time is simulated; ids are unguessable and sortable."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app import clock, db
from tests.conftest import FIXTURE_TIME


def test_simulated_time_starts_once_and_then_ticks(database_url: str) -> None:
    db.configure(database_url)
    try:
        with db.transaction() as session:
            clock.start_simulation(session, FIXTURE_TIME)
        first = clock.now()
        assert abs(first - FIXTURE_TIME) < timedelta(seconds=5)
        with db.transaction() as session:
            clock.start_simulation(session, FIXTURE_TIME + timedelta(days=9))
        assert clock.now() - first < timedelta(seconds=5)
        with db.transaction() as session:
            clock.move(session, FIXTURE_TIME + timedelta(days=9))
        assert clock.now() - first > timedelta(days=8)
        assert clock.is_simulated()
    finally:
        with db.transaction() as session:
            session.delete(session.get_one(clock.SimulatedClock, 1))
        with db.reading() as session:
            clock.load(session)
        db.dispose()
    assert not clock.is_simulated()
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)


def test_real_time_can_not_be_moved(database_url: str) -> None:
    db.configure(database_url)
    with pytest.raises(RuntimeError), db.transaction() as session:
        clock.move(session, FIXTURE_TIME)
    db.dispose()


def test_a_reading_can_not_write(database: str) -> None:
    from sqlalchemy.exc import InternalError

    with pytest.raises(InternalError, match="read-only"), db.reading() as session:
        session.add(clock.SimulatedClock(id=1, offset_microseconds=0))
        session.flush()


def test_ids_are_version_7_and_differ() -> None:
    ids = [db.new_id() for _ in range(1000)]
    assert len(set(ids)) == 1000
    assert {value.version for value in ids} == {7}
    assert {value.variant for value in ids} == {"specified in RFC 4122"}
