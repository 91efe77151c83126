"""Is a window on? Exactly, in the transaction that must not go through; and roughly, without asking the database again.

The answer that decides anything is ``check_open`` or what ``windows_column`` brings along; ``known`` is for pages.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, Engine, ScalarSelect, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app import clock, db
from app.errors import DomainError
from app.language import moment_text
from app.maintenance.ends import Interval
from app.maintenance.models import MaintenanceWindow as M

REMEMBERED_DAYS = 60
"""How long a window that is over is still looked at: the ends it moved lie within this."""
REFRESH_SECONDS = 5.0


class Known(NamedTuple):
    """A window: when residents or orders stop, and until when it was announced."""

    start: datetime
    end: datetime
    planned_end: datetime
    stops_residents: bool
    stops_orders: bool

    def is_on(self, now: datetime) -> bool:
        """From its first moment, up to and without its last."""
        return self.start <= now < self.end


class _Cache:
    engine: Engine | None = None
    loaded_at = 0.0
    windows: tuple[Known, ...] = ()


def recent() -> datetime:
    """What was to end before this moment no longer matters to anybody."""
    return clock.now() - timedelta(days=REMEMBERED_DAYS)


def windows_column(since: ColumnElement[datetime] | None = None) -> ScalarSelect[object]:
    """All windows that matter, as one column for another floor's query; read it with ``from_column``.

    ``since``: the parameter that gets ``recent()``, for a query that is made once.
    """
    epoch = [func.extract("epoch", one) for one in (M.starts_at, M.ends_at, M.planned_end)]
    array = func.jsonb_agg(func.jsonb_build_array(*epoch, M.stops_residents, M.stops_orders))
    matters = M.planned_end > (recent() if since is None else since)
    return select(array).where(M.cancelled_at.is_(None), matters).scalar_subquery()


def from_column(value: object) -> tuple[Known, ...]:
    """The windows of ``windows_column``, the first to begin first."""
    if not isinstance(value, list):
        return ()
    return tuple(sorted(_known(*row) for row in value))


def _known(start: float, end: float, planned_end: float, stops_residents: bool, stops_orders: bool) -> Known:
    moments = [datetime.fromtimestamp(seconds, clock.TOKYO) for seconds in (start, end, planned_end)]
    return Known(moments[0], moments[1], moments[2], stops_residents, stops_orders)


def moving(windows: tuple[Known, ...]) -> tuple[Interval, ...]:
    """What BR-07 looks at: the windows that stop residents, as they were announced."""
    return tuple(Interval(window.start, window.planned_end) for window in windows if window.stops_residents)


def known() -> tuple[Known, ...]:
    """The windows as this process saw them within the last seconds."""
    fresh = _Cache.engine is db.engine() and time.monotonic() - _Cache.loaded_at < REFRESH_SECONDS
    if not fresh:
        with db.reading() as session:
            _Cache.windows = from_column(session.scalar(select(windows_column())))
        _Cache.engine, _Cache.loaded_at = db.engine(), time.monotonic()
    return _Cache.windows


def forget_known() -> None:
    """What was known is old."""
    _Cache.engine = None


def refusal(windows: tuple[Known, ...], now: datetime, adjusted: datetime | None = None) -> DomainError | None:
    """E501 while a window stops residents; with ``adjusted``, the end that it moved."""
    for window in windows:
        if window.stops_residents and window.is_on(now):
            facts = {"start": moment_text(window.start), "end": moment_text(window.end)}
            left = int((window.end - now).total_seconds()) + 1
            if adjusted is None:
                return DomainError("E501", variant="unmoved", retry_after=left, **facts)
            return DomainError("E501", retry_after=left, adjusted=moment_text(adjusted), **facts)
    return None


def check_open(session: Session) -> None:
    """Raise E501 while a window stops residents; decided by the database's windows and the server's clock (BR-02)."""
    on = _on(session, M.stops_residents)
    if on is not None:
        found = refusal((on,), clock.now())
        assert found is not None
        raise found


def orders_paused(session: Session) -> bool:
    """True while a window stops the sending of grant orders and questions to providers."""
    return _on(session, M.stops_orders) is not None


def _on(session: Session, stops: ColumnElement[bool] | InstrumentedAttribute[bool]) -> Known | None:
    now = clock.now()
    row = session.execute(
        select(M.starts_at, M.ends_at, M.planned_end, M.stops_residents, M.stops_orders).where(
            stops,
            M.cancelled_at.is_(None),
            M.starts_at <= now,
            M.ends_at > now,
        )
    ).first()
    return Known(*row) if row else None
