"""What is decided about keeping the data of a policy, and the proof of every erasure."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, new_id

REASONS = ("request", "mistake", "retention")
KINDS = ("person", "policy")


class RetentionRule(Base):
    """One policy: when it was completed, how long its data is kept, and whether something forbids erasing it.

    ``keep_keys``: where a person is erased earlier, the keyed values stay until the end, so that nobody receives twice.
    """

    __tablename__ = "retention_rules"
    __table_args__ = (
        CheckConstraint("kept_fiscal_years BETWEEN 0 AND 30", name="kept_fiscal_years"),
        CheckConstraint("(held_by IS NULL) = (held_since IS NULL)", name="held"),
        CheckConstraint("erased_at IS NULL OR completed_on IS NOT NULL", name="erased_after_completion"),
    )

    policy_id: Mapped[str] = mapped_column(ForeignKey("policies.policy_id"), primary_key=True)
    completed_on: Mapped[date | None]
    kept_fiscal_years: Mapped[int]
    keep_keys: Mapped[bool]
    held_by: Mapped[str | None]
    held_since: Mapped[datetime | None]
    erased_at: Mapped[datetime | None]


class Erasure(Base):
    """The certificate of one erasure: whose, as a keyed pseudonym, why, by whom, and how many rows of what.

    The database refuses to change or delete it.
    """

    __tablename__ = "erasures"
    __table_args__ = (
        CheckConstraint("kind IN ('person', 'policy')", name="kind"),
        CheckConstraint("reason IN ('request', 'mistake', 'retention')", name="reason"),
        CheckConstraint("(kind = 'policy') = (policy_id IS NOT NULL)", name="policy_is_named"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    kind: Mapped[str]
    subject: Mapped[str]
    policy_id: Mapped[str | None]
    reason: Mapped[str]
    erased_by: Mapped[str]
    erased_at: Mapped[datetime]
    keys_kept: Mapped[bool]
    counts: Mapped[dict[str, Any]]
