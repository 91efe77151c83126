"""Tables of rebates: who takes part, what they bought and gave back, what was put aside, and each period's end."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, PrimaryKeyConstraint, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, new_id


class EnrolmentState(StrEnum):
    """Whether purchases of an application take points: not yet decided, approved, or over."""

    PENDING = "pending"
    ACTIVE = "active"
    ENDED = "ended"


class RebateEnrolment(Base):
    """One application that collects purchases.

    ``held``: points committed for purchases of periods that are not granted yet (and the rest below a service's unit).
    ``allocated``: points of all grants made for it. ``return_due``: points asked back after the last period.
    ``cap`` is the person's cap less what an earlier round gave (BR-17). The database holds the sum below it.
    """

    __tablename__ = "rebate_enrolments"
    __table_args__ = (
        PrimaryKeyConstraint("policy_id", "application_id"),
        ForeignKeyConstraint(["policy_id", "policy_version"], ["policy_versions.policy_id", "policy_versions.version"]),
        CheckConstraint("state IN ('pending', 'active', 'ended')", name="state_is_known"),
        CheckConstraint("held >= 0 AND allocated >= 0 AND cap >= 0", name="never_negative"),
        CheckConstraint("held + allocated <= cap", name="within_the_cap"),
        CheckConstraint("return_due >= 0 AND return_due <= allocated", name="returns_what_was_granted"),
        CheckConstraint("periods_closed >= 0", name="periods_count_up"),
        CheckConstraint("state = 'active' OR held = 0", name="only_the_approved_hold"),
        Index("ix_rebate_enrolments_state", "policy_id", "state", "periods_closed"),
    )

    policy_id: Mapped[str]
    application_id: Mapped[UUID]
    person_id: Mapped[UUID]
    policy_version: Mapped[int]
    applied_at: Mapped[datetime]
    state: Mapped[str]
    cap: Mapped[int]
    held: Mapped[int] = mapped_column(default=0)
    allocated: Mapped[int] = mapped_column(default=0)
    return_due: Mapped[int] = mapped_column(default=0)
    periods_closed: Mapped[int] = mapped_column(default=0)


class PurchaseRecord(Base):
    """One purchase or refund as a provider reported it, once. The database refuses to change or delete it.

    What was bought and where may be erased with the person; the yen stay, because points were given for them.
    """

    __tablename__ = "rebate_purchases"
    __table_args__ = (
        PrimaryKeyConstraint("policy_id", "provider_id", "transaction_no"),
        ForeignKeyConstraint(
            ["policy_id", "application_id"], ["rebate_enrolments.policy_id", "rebate_enrolments.application_id"]
        ),
        CheckConstraint("kind IN ('purchase', 'refund')", name="kind_is_known"),
        CheckConstraint("(kind = 'refund') = (purchase_no IS NOT NULL)", name="a_refund_names_its_purchase"),
        CheckConstraint("amount > 0", name="amount_is_positive"),
        Index("ix_rebate_purchases_application", "policy_id", "application_id"),
    )

    policy_id: Mapped[str]
    provider_id: Mapped[str]
    transaction_no: Mapped[str]
    application_id: Mapped[UUID]
    kind: Mapped[str]
    purchase_no: Mapped[str | None]
    service_id: Mapped[str]
    at: Mapped[datetime]
    shop_no: Mapped[str]
    lines: Mapped[list[Any]] = mapped_column(JSONB())
    amount: Mapped[int]
    digest: Mapped[bytes]
    too_late: Mapped[bool]
    recorded_at: Mapped[datetime]


class PutAside(Base):
    """A report that contradicts one on record, or names what is another's: kept for staff, without effect (BR-43).

    Written once. Erasing, and nothing else, empties what it told, with the person's data or the policy's.
    """

    __tablename__ = "rebate_put_aside"
    __table_args__ = (
        CheckConstraint("code IN ('E703', 'E704')", name="code_is_known"),
        UniqueConstraint("policy_id", "provider_id", "transaction_no", "digest"),
        Index("ix_rebate_put_aside_application", "policy_id", "application_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    policy_id: Mapped[str] = mapped_column(ForeignKey("policies.policy_id"))
    provider_id: Mapped[str]
    transaction_no: Mapped[str]
    code: Mapped[str]
    digest: Mapped[bytes]
    content: Mapped[dict[str, Any]]
    received_at: Mapped[datetime]
    application_id: Mapped[UUID | None] = mapped_column(default=None)
    """Whose purchase it tells of, as far as the service ID says so; nobody's for another provider's service (E703)."""


class PutAsideDecision(Base):
    """What staff decided about one such report, and why. The database refuses to change or delete it."""

    __tablename__ = "rebate_put_aside_decisions"
    __table_args__ = (
        CheckConstraint("decision IN ('record_stands', 'corrected', 'not_theirs')", name="decision_is_known"),
        CheckConstraint("decided_by <> '' AND note <> '' AND length(note) <= 500", name="says_who_and_why"),
    )

    put_aside_id: Mapped[UUID] = mapped_column(ForeignKey("rebate_put_aside.id"), primary_key=True)
    decision: Mapped[str]
    decided_by: Mapped[str]
    note: Mapped[str]
    decided_at: Mapped[datetime]


class RebateClosing(Base):
    """The end of one period for one application: what it was entitled to until then, and what was granted for it."""

    __tablename__ = "rebate_closings"
    __table_args__ = (
        PrimaryKeyConstraint("policy_id", "application_id", "period_no"),
        ForeignKeyConstraint(
            ["policy_id", "application_id"], ["rebate_enrolments.policy_id", "rebate_enrolments.application_id"]
        ),
        CheckConstraint("period_no >= 1", name="periods_count_from_one"),
        CheckConstraint("entitled >= 0 AND granted >= 0 AND owed >= 0", name="never_negative"),
        CheckConstraint("granted = 0 OR owed = 0", name="grants_or_owes"),
    )

    policy_id: Mapped[str]
    application_id: Mapped[UUID]
    period_no: Mapped[int]
    entitled: Mapped[int]
    granted: Mapped[int]
    owed: Mapped[int]
    closed_at: Mapped[datetime]
