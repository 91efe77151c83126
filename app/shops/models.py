"""Tables of shop lists: one list for each policy and purpose, one row for each shop and service."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, PrimaryKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base

EVERY_SERVICE = ""
"""In ``service_id``: the shop takes part with every service of the policy."""


class Purpose(StrEnum):
    """What the shops of a list are for."""

    EARN = "earn"
    SPEND = "spend"


class ShopListRecord(Base):
    """One list: which version it is, and who loaded it from what."""

    __tablename__ = "shop_lists"
    __table_args__ = (
        PrimaryKeyConstraint("policy_id", "purpose"),
        CheckConstraint("purpose IN ('earn', 'spend')", name="purpose_is_known"),
        CheckConstraint("version >= 1", name="versions_count_from_one"),
        CheckConstraint("loaded_by <> ''", name="somebody_loaded_it"),
    )

    policy_id: Mapped[str] = mapped_column(ForeignKey("policies.policy_id"))
    purpose: Mapped[str]
    version: Mapped[int]
    loaded_at: Mapped[datetime]
    loaded_by: Mapped[str]


class Shop(Base):
    """One shop of a list. Both days belong to its time; a shop is ended, and never deleted: past purchases name it."""

    __tablename__ = "shops"
    __table_args__ = (
        PrimaryKeyConstraint("policy_id", "purpose", "service_id", "shop_no"),
        ForeignKeyConstraint(["policy_id", "purpose"], ["shop_lists.policy_id", "shop_lists.purpose"]),
        CheckConstraint("shop_no <> '' AND name <> ''", name="has_number_and_name"),
    )

    policy_id: Mapped[str]
    purpose: Mapped[str]
    service_id: Mapped[str]
    shop_no: Mapped[str]
    name: Mapped[str]
    place: Mapped[str]
    shop_group: Mapped[str]
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]
