"""Maintenance windows (メンテナンス): planned intervals in which named functions stop."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, func, literal_column
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, new_id


class MaintenanceWindow(Base):
    """One window. ``planned_end`` was announced and moves ends; one cut short is over at ``ends_at`` already."""

    __tablename__ = "maintenance_windows"
    __table_args__ = (
        CheckConstraint("ends_at > starts_at AND planned_end >= ends_at", name="in_order"),
        CheckConstraint("planned_end <= starts_at + interval '7 days'", name="length"),
        CheckConstraint("stops_residents OR stops_orders", name="stops_something"),
        ExcludeConstraint(
            (func.tstzrange(literal_column("starts_at"), literal_column("planned_end")), "&&"),
            name="ex_maintenance_windows_overlap",
            using="gist",
            where="cancelled_at IS NULL",
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    planned_end: Mapped[datetime]
    stops_residents: Mapped[bool]
    stops_orders: Mapped[bool]
    note: Mapped[str]
    added_by: Mapped[str]
    added_at: Mapped[datetime]
    cancelled_at: Mapped[datetime | None]
