"""Tables of the ledger, of grants and of the orders that carry them to providers. ``policy_id`` leads every key."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
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
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base
from app.points.accounts import FLOWS, ORDER_EVENTS
from app.points.problems import ProblemCode, Resolution, Source
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
        CheckConstraint(
            f"state <> '{GrantState.AWAITING_RECEIPT}' OR receive_by IS NOT NULL", name="receipt_has_a_day"
        ),
        Index("ix_grants_receive_by", "receive_by", postgresql_where=f"state = '{GrantState.AWAITING_RECEIPT}'"),
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
    # The last moment of the receipt action, where the service has one.
    receive_by: Mapped[datetime | None]


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
        Index("ix_grant_orders_file", "provider_id", "file_no", postgresql_where="file_no IS NOT NULL"),
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
    # The number of the file that carried it, for a provider that is reached by file.
    file_no: Mapped[int | None]
    # Set where staff found that another order of the same grant, recorded as failed, had been carried out after all.
    stands_for: Mapped[UUID | None]


class QuarantinedResult(Base):
    """A provider's result that was put aside: nothing in ledger or order was changed by it (BR-43).

    The same result again counts up ``times``. ``grant_id`` is set where the order is one of ours; while such a row is
    open, no further order goes out for the grant.
    """

    __tablename__ = "quarantined_results"
    __table_args__ = (
        PrimaryKeyConstraint("id"),
        UniqueConstraint("digest"),
        CheckConstraint(_one_of("code", ProblemCode), name="code_is_known"),
        CheckConstraint(_one_of("source", Source), name="source_is_known"),
        CheckConstraint(f"resolution IS NULL OR {_one_of('resolution', Resolution)}", name="resolution_is_known"),
        CheckConstraint("times >= 1", name="times_count_from_one"),
        CheckConstraint(
            "(resolution IS NULL) = (resolved_at IS NULL) AND (resolution IS NULL) = (resolved_by IS NULL)",
            name="resolved_by_somebody",
        ),
        CheckConstraint(
            f"resolution IS NULL OR resolution = '{Resolution.NO_CHANGE}' OR coalesce(note, '') <> ''",
            name="a_decision_has_a_note",
        ),
        Index("ix_quarantined_results_open", "first_at", postgresql_where="resolution IS NULL"),
        Index("ix_quarantined_results_grant", "policy_id", "grant_id", postgresql_where="resolution IS NULL"),
    )

    id: Mapped[UUID]
    provider_id: Mapped[str]
    source: Mapped[str]
    source_ref: Mapped[str | None]
    code: Mapped[str]
    policy_id: Mapped[str]
    order_id: Mapped[UUID]
    grant_id: Mapped[UUID | None]
    recorded_state: Mapped[str | None]
    reported_state: Mapped[str]
    transaction_no: Mapped[str | None]
    reason: Mapped[str | None]
    amount: Mapped[int | None]
    digest: Mapped[bytes]
    times: Mapped[int] = mapped_column(default=1)
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
    resolution: Mapped[str | None]
    resolved_at: Mapped[datetime | None]
    resolved_by: Mapped[str | None]
    note: Mapped[str | None]


class CallBack(Base):
    """A call-back that was taken: its id is good for one content, so that a replay changes nothing."""

    __tablename__ = "call_backs"
    __table_args__ = (PrimaryKeyConstraint("provider_id", "event_id"), Index("ix_call_backs_taken_at", "taken_at"))

    provider_id: Mapped[str]
    event_id: Mapped[UUID]
    body_digest: Mapped[bytes]
    outcome: Mapped[str]
    taken_at: Mapped[datetime]


class GrantFile(Base):
    """A file of grant orders to a provider. Its content is made from the orders and is the same each time (digest)."""

    __tablename__ = "grant_files"
    __table_args__ = (
        PrimaryKeyConstraint("provider_id", "sequence_no"),
        CheckConstraint("sequence_no >= 1", name="files_count_from_one"),
        CheckConstraint("order_count >= 1 AND total >= 1", name="file_is_not_empty"),
    )

    provider_id: Mapped[str]
    sequence_no: Mapped[int]
    made_at: Mapped[datetime]
    encoding: Mapped[str]
    order_count: Mapped[int]
    total: Mapped[int]
    digest: Mapped[bytes]


class ResultFile(Base):
    """A file of results that was taken as a whole; its rows are booked one by one, each once."""

    __tablename__ = "result_files"
    __table_args__ = (
        PrimaryKeyConstraint("provider_id", "sequence_no"),
        ForeignKeyConstraint(["provider_id", "answers"], ["grant_files.provider_id", "grant_files.sequence_no"]),
        CheckConstraint("sequence_no >= 1", name="files_count_from_one"),
    )

    provider_id: Mapped[str]
    sequence_no: Mapped[int]
    answers: Mapped[int]
    is_partial: Mapped[bool]
    taken_at: Mapped[datetime]
    digest: Mapped[bytes]
    booked_at: Mapped[datetime | None]


class ResultFileRow(Base):
    """One row of a file of results, and what booking it did."""

    __tablename__ = "result_file_rows"
    __table_args__ = (
        PrimaryKeyConstraint("provider_id", "sequence_no", "row_no"),
        ForeignKeyConstraint(["provider_id", "sequence_no"], ["result_files.provider_id", "result_files.sequence_no"]),
        CheckConstraint("amount > 0", name="amount_is_positive"),
        Index("ix_result_file_rows_open", "provider_id", "sequence_no", "row_no", postgresql_where="outcome IS NULL"),
    )

    provider_id: Mapped[str]
    sequence_no: Mapped[int]
    row_no: Mapped[int]
    order_id: Mapped[UUID]
    policy_id: Mapped[str]
    state: Mapped[str]
    amount: Mapped[int]
    transaction_no: Mapped[str | None]
    reason: Mapped[str | None]
    outcome: Mapped[str | None]


class InvariantCheck(Base):
    """One comparison: when, how long, and the first differences by name (ids and numbers only)."""

    __tablename__ = "invariant_checks"

    id: Mapped[int] = mapped_column(primary_key=True)
    checked_at: Mapped[datetime]
    differences: Mapped[int]
    named: Mapped[list[Any]] = mapped_column(JSONB())
