"""The stored result of a screening: one row per check of an application (domain.md 5.3)."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base
from app.policies import CheckKind

CHECK_STATES = (
    "pending",
    "running",
    "passed",
    "failed",
    "inconclusive",
    "manual_queue",
    "assigned",
    "needs_info",
    "appealed",
    "upheld",
    "invalidated",
)


def _one_of(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


class Check(Base):
    """One check of one application. ``facts`` hold codes, labels and the policy's own values; nothing personal."""

    __tablename__ = "checks"
    __table_args__ = (
        CheckConstraint(_one_of("kind", tuple(kind.value for kind in CheckKind)), name="kind"),
        CheckConstraint(_one_of("result", CHECK_STATES), name="result"),
        CheckConstraint("result NOT IN ('failed', 'upheld') OR code IS NOT NULL", name="failure_has_a_code"),
    )

    policy_id: Mapped[str] = mapped_column(primary_key=True)
    application_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    result: Mapped[str]
    code: Mapped[str | None]
    facts: Mapped[dict[str, Any]]
    rule_version: Mapped[str]
    input_digest: Mapped[bytes]
    decided_at: Mapped[datetime]
    decided_by: Mapped[str]
