"""Tables of payment services and of the links that bind an application to one service ID."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, PrimaryKeyConstraint, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base
from app.payments.states import LIVE, LinkState

_LIVE_SQL = f"state IN ({', '.join(repr(str(s)) for s in LIVE)})"
_STATES_SQL = f"state IN ({', '.join(repr(str(s)) for s in LinkState)})"


class PaymentService(Base):
    """One payment service as its provider describes it."""

    __tablename__ = "payment_services"

    service_id: Mapped[str] = mapped_column(primary_key=True)
    provider_id: Mapped[str | None]
    document: Mapped[dict[str, Any]]
    loaded_at: Mapped[datetime]


class PaymentLink(Base):
    """The binding of one application to one service ID. The ID itself is encrypted; ``id_index`` finds equals."""

    __tablename__ = "payment_links"
    __table_args__ = (
        PrimaryKeyConstraint("policy_id", "id"),
        CheckConstraint(_STATES_SQL, name="state_is_known"),
        CheckConstraint("slot >= 1", name="slot_counts_from_one"),
        CheckConstraint("char_length(last4) <= 4", name="last4_is_short"),
        Index(
            "uq_payment_links_live_account",
            "policy_id",
            "service_id",
            "id_index",
            "slot",
            unique=True,
            postgresql_where=_LIVE_SQL,
        ),
        Index(
            "uq_payment_links_live_application",
            "policy_id",
            "application_id",
            unique=True,
            postgresql_where=_LIVE_SQL,
        ),
        # BR-56: one service ID, one owner per policy; the slots above count how many it serves (BR-27).
        ExcludeConstraint(
            ("policy_id", "="),
            ("service_id", "="),
            ("id_index", "="),
            ("owner_id", "<>"),
            name="ex_payment_links_one_owner",
            where=text(_LIVE_SQL),
        ),
    )

    policy_id: Mapped[str]
    id: Mapped[UUID]
    application_id: Mapped[UUID]
    person_id: Mapped[UUID] = mapped_column(index=True)
    owner_id: Mapped[UUID]
    """Whose service ID it is: the person's own, or the guardian's who receives for them."""
    service_id: Mapped[str] = mapped_column(ForeignKey("payment_services.service_id"))
    account_enc: Mapped[bytes]
    id_index: Mapped[bytes]
    last4: Mapped[str]
    holder_masked: Mapped[str | None]
    slot: Mapped[int] = mapped_column(default=1)
    state: Mapped[str]
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]


class ProviderLine(Base):
    """How the line to one provider is: consecutive failures, until when it is closed, and when the next call may go."""

    __tablename__ = "provider_lines"
    __table_args__ = (
        CheckConstraint("failures >= 0 AND times_closed >= 0", name="counts_are_not_negative"),
        CheckConstraint("held_since IS NULL OR coalesce(held_note, '') <> ''", name="a_hold_has_a_note"),
    )

    provider_id: Mapped[str] = mapped_column(primary_key=True)
    failures: Mapped[int] = mapped_column(default=0)
    times_closed: Mapped[int] = mapped_column(default=0)
    closed_until: Mapped[datetime | None]
    next_call_at: Mapped[datetime]
    held_since: Mapped[datetime | None]
    held_note: Mapped[str | None]


class ProviderSlot(Base):
    """One of the calls that may be under way to a provider at the same time; free again when its time is over."""

    __tablename__ = "provider_slots"
    __table_args__ = (
        PrimaryKeyConstraint("provider_id", "slot"),
        CheckConstraint("slot >= 1", name="slots_count_from_one"),
    )

    provider_id: Mapped[str]
    slot: Mapped[int]
    taken_by: Mapped[UUID | None]
    taken_until: Mapped[datetime | None]
