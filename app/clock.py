"""The only source of "now": UTC inside, Asia/Tokyo at the edges, movable in tests and in the demo.

Business time follows this clock. Cookies, form tokens, request signatures and rate limits use real time, so that a
moved clock can never keep a session alive (``real_now``).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import CheckConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.db import Base

TOKYO = ZoneInfo("Asia/Tokyo")
REFRESH_SECONDS = 5.0


class SimulatedClock(Base):
    """The one row that makes time simulated; absent in production, where its presence stops the start."""

    __tablename__ = "simulated_clock"
    __table_args__ = (CheckConstraint("id = 1", name="single_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    offset_microseconds: Mapped[int]


class _State:
    offset = timedelta(0)
    frozen: datetime | None = None
    loaded_at = 0.0
    simulated = False


def real_now() -> datetime:
    """Wall-clock time in UTC, for cookies, tokens and signatures only."""
    return datetime.now(UTC)


def now() -> datetime:
    """Business time in UTC."""
    return _State.frozen or real_now() + _State.offset


def local(instant: datetime) -> datetime:
    """The instant on a clock in Japan."""
    return instant.astimezone(TOKYO)


def today() -> date:
    """The business day in Japan."""
    return local(now()).date()


def is_simulated() -> bool:
    """True when pages must say that time is simulated (domain.md 4.6 T3)."""
    return _State.simulated


def offset() -> timedelta:
    """How far business time is from real time."""
    return _State.offset


def start_simulation(session: Session, at: datetime) -> None:
    """Begin simulated time at ``at`` if it has not begun; an installation keeps the offset it once had."""
    row = session.get(SimulatedClock, 1)
    if row is None:
        row = SimulatedClock(id=1, offset_microseconds=(at - real_now()) // timedelta(microseconds=1))
        session.add(row)
    _apply(row)


def move(session: Session, at: datetime) -> None:
    """Set simulated time to ``at``. Refused where time is real: ``RuntimeError``."""
    row = session.get(SimulatedClock, 1)
    if row is None:
        raise RuntimeError("this installation runs on real time")
    row.offset_microseconds = (at - real_now()) // timedelta(microseconds=1)
    _apply(row)


def load(session: Session) -> None:
    """Take the offset from the database; without the row, time is real."""
    _apply(session.scalar(select(SimulatedClock).where(SimulatedClock.id == 1)))


def is_stale() -> bool:
    """True when the offset was last read more than a few seconds ago."""
    return time.monotonic() - _State.loaded_at > REFRESH_SECONDS


def _apply(row: SimulatedClock | None) -> None:
    _State.simulated = row is not None
    _State.offset = timedelta(microseconds=row.offset_microseconds) if row else timedelta(0)
    _State.loaded_at = time.monotonic()


@contextmanager
def frozen(at: datetime) -> Iterator[None]:
    """Hold business time still at ``at`` in this process; for tests and batch replays."""
    if at.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    before = _State.frozen
    _State.frozen = at.astimezone(UTC)
    try:
        yield
    finally:
        _State.frozen = before
