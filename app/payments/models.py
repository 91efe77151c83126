"""Tables of payment services and of the links that bind an application to one service ID."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, PrimaryKeyConstraint
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
    )

    policy_id: Mapped[str]
    id: Mapped[UUID]
    application_id: Mapped[UUID]
    person_id: Mapped[UUID] = mapped_column(index=True)
    service_id: Mapped[str] = mapped_column(ForeignKey("payment_services.service_id"))
    account_enc: Mapped[bytes]
    id_index: Mapped[bytes]
    last4: Mapped[str]
    holder_masked: Mapped[str | None]
    slot: Mapped[int] = mapped_column(default=1)
    state: Mapped[str]
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
