"""Tables of policies: the policy with its human decision, its unchangeable versions, its one counter row."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base
from app.policies.state import STORED_STATES

_STATES = ", ".join(f"'{state}'" for state in STORED_STATES)

LEDGER_COUNTERS = (
    "budget",
    "reserved",
    "committed",
    "ordered",
    "granted",
    "expired",
    "return_due",
    "returned",
    "written_off",
)
"""The balances of a policy's ledger accounts but FUNDING, whose amount is ``funded`` (domain.md 5.5)."""


class Policy(Base):
    """One policy. ``state`` is what people decided; whether it is open now is computed (domain.md 5.1).

    The columns from ``title_index`` on repeat the current version, so that lists need not read documents.
    """

    __tablename__ = "policies"
    __table_args__ = (
        CheckConstraint(f"state IN ({_STATES})", name="state"),
        CheckConstraint("current_version >= 1", name="current_version"),
        CheckConstraint("apply_from < apply_to", name="window"),
        Index("ix_policies_municipality_code", "municipality_code"),
        Index("ix_policies_category", "category"),
    )

    policy_id: Mapped[str] = mapped_column(primary_key=True)
    municipality_code: Mapped[str]
    state: Mapped[str]
    current_version: Mapped[int]
    category: Mapped[str]
    title_index: Mapped[str]
    apply_from: Mapped[datetime]
    apply_to: Mapped[datetime]
    reopen: Mapped[bool]
    decided_at_once: Mapped[bool]
    services: Mapped[list[str]]


class PolicyVersion(Base):
    """What a municipality declared, unchangeable; applications name the version they were judged by."""

    __tablename__ = "policy_versions"
    __table_args__ = (CheckConstraint("version >= 1", name="version"),)

    policy_id: Mapped[str] = mapped_column(ForeignKey("policies.policy_id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    document: Mapped[dict[str, Any]]
    content_digest: Mapped[bytes]
    source: Mapped[str]
    stored_at: Mapped[datetime]
    published_at: Mapped[datetime | None]


class PolicyCounter(Base):
    """Seats and balances in one row, so that the hot row of a submit is locked for the shortest time.

    ``smallest_amount`` is the least that one more application takes; ``filled_at`` is when the policy was first full.
    Both let one statement say whether it is full.
    """

    __tablename__ = "policy_counters"
    __table_args__ = (
        CheckConstraint("capacity IS NULL OR seats_taken <= capacity", name="seats_within_capacity"),
        CheckConstraint("seats_taken >= 0", name="seats_taken"),
        CheckConstraint("funded >= 0", name="funded"),
        *(CheckConstraint(f"{name} >= 0", name=name) for name in LEDGER_COUNTERS),
        CheckConstraint(f"{' + '.join(LEDGER_COUNTERS)} = funded", name="sums_to_funded"),
        CheckConstraint("smallest_amount >= 1", name="smallest_amount"),
        # Updated at every submit: room in the page keeps the updates within it.
        {"postgresql_with": {"fillfactor": 50}},
    )

    policy_id: Mapped[str] = mapped_column(ForeignKey("policies.policy_id"), primary_key=True)
    capacity: Mapped[int | None]
    smallest_amount: Mapped[int]
    filled_at: Mapped[datetime | None] = mapped_column(default=None)
    seats_taken: Mapped[int] = mapped_column(default=0)
    budget: Mapped[int] = mapped_column(default=0)
    reserved: Mapped[int] = mapped_column(default=0)
    committed: Mapped[int] = mapped_column(default=0)
    ordered: Mapped[int] = mapped_column(default=0)
    granted: Mapped[int] = mapped_column(default=0)
    expired: Mapped[int] = mapped_column(default=0)
    return_due: Mapped[int] = mapped_column(default=0)
    returned: Mapped[int] = mapped_column(default=0)
    written_off: Mapped[int] = mapped_column(default=0)
    funded: Mapped[int] = mapped_column(default=0)
