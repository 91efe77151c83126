"""Tables of policies: the policy with its human decision, its versions, its one counter row, its listing for search."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, CheckConstraint, Computed, ForeignKey, Index, Text
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
    """One policy. ``state`` is what people decided; whether it is open now is computed (domain.md 5.1)."""

    __tablename__ = "policies"
    __table_args__ = (
        CheckConstraint(f"state IN ({_STATES})", name="state"),
        CheckConstraint("current_version >= 1", name="current_version"),
    )

    policy_id: Mapped[str] = mapped_column(primary_key=True)
    municipality_code: Mapped[str]
    state: Mapped[str]
    current_version: Mapped[int]


class PolicyListing(Base):
    """What search looks at, one narrow row for each policy, so that a search reads neither documents nor counters.

    Written with each version (``catalogue.list_policy``). ``state``, ``exhausted`` and ``was_filled`` are not written
    again: triggers carry them over from ``policies`` and ``policy_counters`` in the transaction that changes them.
    ``closes_at`` is 24:00 of the last day (BR-01). ``prefecture_code`` and ``municipality_code`` are the giver's.
    ``search_text`` is for words of three characters and more, ``short_text`` for shorter ones (docs/decisions/0009).
    ``changed_by`` is the transaction of the last change, set by a trigger: by it each process keeps its index in step.
    """

    __tablename__ = "policy_listings"
    __table_args__ = (
        Index("ix_policy_listings_changed_by", "changed_by"),
        Index(
            "ix_policy_listings_search_text",
            "search_text",
            postgresql_using="gin",
            postgresql_ops={"search_text": "gin_trgm_ops"},
        ),
        Index(
            "ix_policy_listings_short_text",
            "short_text",
            postgresql_using="gin",
            postgresql_ops={"short_text": "gin_trgm_ops"},
        ),
    )

    policy_id: Mapped[str] = mapped_column(ForeignKey("policies.policy_id", ondelete="CASCADE"), primary_key=True)
    state: Mapped[str]
    municipality_code: Mapped[str]
    prefecture_code: Mapped[str]
    category: Mapped[str]
    timing: Mapped[str]
    amount: Mapped[int]
    apply_from: Mapped[datetime]
    apply_to: Mapped[datetime]
    closes_at: Mapped[datetime]
    reopen: Mapped[bool]
    decided_at_once: Mapped[bool]
    online: Mapped[bool]
    services: Mapped[list[str]] = mapped_column(ARRAY(Text()))
    exhausted: Mapped[bool]
    was_filled: Mapped[bool]
    is_full: Mapped[bool] = mapped_column(Computed("exhausted OR (was_filled AND NOT reopen)", persisted=True))
    title: Mapped[str]
    amount_text: Mapped[str]
    search_text: Mapped[str]
    short_text: Mapped[str]
    index_version: Mapped[int]
    changed_by: Mapped[int] = mapped_column(server_default="0")


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
    Both let one statement say whether it is full. ``opening_seats`` were taken before this ledger began; ``waiting`` is
    how many people stand in the queue, whom nobody passes (``overflow`` = ``waitlist``).
    """

    __tablename__ = "policy_counters"
    __table_args__ = (
        CheckConstraint("capacity IS NULL OR seats_taken <= capacity", name="seats_within_capacity"),
        CheckConstraint("seats_taken >= 0", name="seats_taken"),
        CheckConstraint("opening_seats >= 0", name="opening_seats"),
        CheckConstraint("waiting >= 0", name="waiting"),
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
    opening_seats: Mapped[int] = mapped_column(default=0)
    waiting: Mapped[int] = mapped_column(default=0)
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
