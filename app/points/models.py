"""Tables of the ledger, of grants and of the orders that carry them to providers. ``policy_id`` leads every key."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKeyConstraint,
    Identity,
    Index,
    PrimaryKeyConstraint,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base
from app.points.accounts import FLOWS, ORDER_EVENTS
from app.points.states import LIVE_ORDER, GrantState, OrderState


def _one_of(column: str, values: Iterable[str]) -> str:
    return f"{column} IN ({', '.join(repr(str(value)) for value in values)})"


_LEGAL_FLOWS = ", ".join(f"('{event}', '{source}', '{target}')" for event, (source, target) in FLOWS.items())


class LedgerEntry(Base):
    """One movement of points between two accounts of a policy. The database refuses to change or delete it."""

    __tablename__ = "ledger_entries"
    __table_args__ = (
        PrimaryKeyConstraint("policy_id", "id"),
        ForeignKeyConstraint(["policy_id"], ["policies.policy_id"]),
        CheckConstraint("amount > 0", name="amount_is_positive"),
        CheckConstraint(f"(event, from_account, to_account) IN ({_LEGAL_FLOWS})", name="flow_is_legal"),
        CheckConstraint(f"NOT ({_one_of('event', ORDER_EVENTS)}) OR order_id IS NOT NULL", name="order_is_named"),
        Index("ix_ledger_entries_application", "policy_id", "application_id"),
        Index(
            "uq_ledger_entries_order_event",
            "policy_id",
            "order_id",
            "event",
            unique=True,
            postgresql_where=_one_of("event", ORDER_EVENTS),
        ),
        # An order that succeeded can't also have failed, whatever arrives from the provider.
        Index(
            "uq_ledger_entries_order_result",
            "policy_id",
            "order_id",
            unique=True,
            postgresql_where=_one_of("event", ORDER_EVENTS[1:]),
        ),
    )

    policy_id: Mapped[str]
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    at: Mapped[datetime]
    event: Mapped[str]
    from_account: Mapped[str]
    to_account: Mapped[str]
    amount: Mapped[int]
    person_id: Mapped[UUID | None]
    application_id: Mapped[UUID | None]
    order_id: Mapped[UUID | None]


class Grant(Base):
    """One benefit of one application: how many points, when to order, and how far it is."""

    __tablename__ = "grants"
    __table_args__ = (
        PrimaryKeyConstraint("policy_id", "id"),
        UniqueConstraint("policy_id", "application_id", "benefit_no"),
        ForeignKeyConstraint(["policy_id", "link_id"], ["payment_links.policy_id", "payment_links.id"]),
        CheckConstraint("amount > 0", name="amount_is_positive"),
        CheckConstraint("benefit_no >= 1", name="benefits_count_from_one"),
        CheckConstraint(_one_of("state", GrantState), name="state_is_known"),
        CheckConstraint("order_at IS NULL OR link_id IS NOT NULL", name="due_needs_a_link"),
        Index("ix_grants_due", "order_at", postgresql_where=f"state = '{GrantState.PLANNED}' AND order_at IS NOT NULL"),
    )

    policy_id: Mapped[str]
    id: Mapped[UUID]
    application_id: Mapped[UUID]
    person_id: Mapped[UUID]
    benefit_no: Mapped[int]
    amount: Mapped[int]
    state: Mapped[str]
    link_id: Mapped[UUID | None]
    service_id: Mapped[str | None]
    provider_id: Mapped[str | None]
    order_at: Mapped[datetime | None]
    planned_at: Mapped[datetime]
    granted_at: Mapped[datetime | None]


class GrantOrder(Base):
    """One attempt to have a provider carry out a grant; its id is the idempotency key at the provider (BR-42)."""

    __tablename__ = "grant_orders"
    __table_args__ = (
        PrimaryKeyConstraint("policy_id", "id"),
        UniqueConstraint("policy_id", "grant_id", "attempt"),
        ForeignKeyConstraint(["policy_id", "grant_id"], ["grants.policy_id", "grants.id"]),
        ForeignKeyConstraint(["policy_id", "link_id"], ["payment_links.policy_id", "payment_links.id"]),
        CheckConstraint("amount > 0", name="amount_is_positive"),
        CheckConstraint("attempt >= 1", name="attempts_count_from_one"),
        CheckConstraint(_one_of("state", OrderState), name="state_is_known"),
        CheckConstraint(f"(state = '{OrderState.CREATED}') = (sent_at IS NULL)", name="sent_at_tells_sent"),
        Index(
            "uq_grant_orders_live",
            "policy_id",
            "grant_id",
            unique=True,
            postgresql_where=_one_of("state", LIVE_ORDER),
        ),
        Index("ix_grant_orders_inquire_after", "inquire_after", postgresql_where=_one_of("state", LIVE_ORDER)),
    )

    policy_id: Mapped[str]
    id: Mapped[UUID]
    grant_id: Mapped[UUID]
    attempt: Mapped[int]
    amount: Mapped[int]
    link_id: Mapped[UUID]
    service_id: Mapped[str]
    provider_id: Mapped[str | None]
    state: Mapped[str]
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    inquire_after: Mapped[datetime | None]
    inquiries: Mapped[int] = mapped_column(default=0)
    transaction_no: Mapped[str | None]
    reason: Mapped[str | None]
