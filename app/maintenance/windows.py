"""Announce a window, call one off or end it early, list them. Each is one transaction, with whoever must know told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import audit, clock, db, events
from app.maintenance.guard import forget_known
from app.maintenance.models import MaintenanceWindow
from app.my_number import looks_like_my_number

MAX_LENGTH = timedelta(days=7)
MAX_NOTE = 200
LISTED = 200


@dataclass(frozen=True)
class MaintenanceChanged(events.Event):
    """The windows changed, and with them perhaps the ends of policies (BR-07); ``change`` names the one change."""

    change: str


class WindowRefused(Exception):
    """The window can't be added or called off; says why."""


@dataclass(frozen=True)
class Window:
    """One window as people see it. Times in UTC."""

    window_id: UUID
    starts_at: datetime
    ends_at: datetime
    stops_residents: bool
    stops_orders: bool
    note: str
    cancelled_at: datetime | None


def add_window(
    starts_at: datetime, ends_at: datetime, *, stops_orders: bool, note: str, by: str, stops_residents: bool = True
) -> Window:
    """Announce a window. Raises ``WindowRefused`` for one in the past, upside down, too long, or over another one."""
    now = clock.now()
    if starts_at >= ends_at:
        raise WindowRefused("the end is not after the start")
    if starts_at < now - timedelta(minutes=1):
        raise WindowRefused("the start has passed")
    if ends_at - starts_at > MAX_LENGTH:
        raise WindowRefused(f"longer than {MAX_LENGTH.days} days")
    if not (stops_residents or stops_orders):
        raise WindowRefused("stops nothing")
    if not note or len(note) > MAX_NOTE or looks_like_my_number(note):
        raise WindowRefused(f"the note must say why, in at most {MAX_NOTE} characters, and without a 12-digit number")
    row = MaintenanceWindow(
        starts_at=starts_at,
        ends_at=ends_at,
        planned_end=ends_at,
        stops_residents=stops_residents,
        stops_orders=stops_orders,
        note=note,
        added_by=by,
        added_at=now,
    )
    try:
        with db.transaction() as session:
            session.add(row)
            session.flush()
            _tell(session, "maintenance.added", row, by)
    except IntegrityError:
        raise WindowRefused("another window is planned at that time") from None
    forget_known()
    return _view(row)


def cancel_window(window_id: UUID, by: str) -> Window:
    """Call a window off before it begins: the ends it moved go back. One that has begun ends now, and what it moved
    stays moved. Raises ``WindowRefused`` for an unknown one and for one that is over.
    """
    now = clock.now()
    with db.transaction() as session:
        row = session.get(MaintenanceWindow, window_id, with_for_update=True)
        if row is None:
            raise WindowRefused("no such window")
        if row.cancelled_at is not None or row.ends_at <= now:
            raise WindowRefused("it is over")
        if now <= row.starts_at:
            row.cancelled_at = now
        else:
            row.ends_at = now
        session.flush()
        _tell(session, "maintenance.cancelled", row, by)
    forget_known()
    return _view(row)


def list_windows(session: Session) -> list[Window]:
    """The latest windows, the last to begin first."""
    rows = select(MaintenanceWindow).order_by(MaintenanceWindow.starts_at.desc()).limit(LISTED)
    return [_view(row) for row in session.scalars(rows)]


def _tell(session: Session, action: str, row: MaintenanceWindow, by: str) -> None:
    audit.record(
        session,
        action,
        actor_kind="staff",
        actor=by,
        object_kind="maintenance_window",
        object_id=str(row.id),
        facts={"starts_at": row.starts_at.isoformat(), "ends_at": row.ends_at.isoformat()},
    )
    events.publish(session, MaintenanceChanged(f"{action}:{row.id}"))


def _view(row: MaintenanceWindow) -> Window:
    return Window(row.id, row.starts_at, row.ends_at, row.stops_residents, row.stops_orders, row.note, row.cancelled_at)
