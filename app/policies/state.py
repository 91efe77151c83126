"""In which state a policy is: one function from what people decided, the window, the clock and the counters.

Stored are human decisions only; ``scheduled``, ``open``, ``full`` and ``closed`` are computed, so that a late job can
never leave a policy wrongly open (domain.md 5.1).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app import clock
from app.errors import DomainError
from app.policies.document import PolicyDocument


class PolicyState(StrEnum):
    """Every state a policy can be in, stored or computed; ``published`` is stored only."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    RETURNED = "returned"
    APPROVED = "approved"
    PUBLISHED = "published"
    SCHEDULED = "scheduled"
    OPEN = "open"
    FULL = "full"
    SUSPENDED = "suspended"
    CLOSED = "closed"
    SETTLING = "settling"
    COMPLETED = "completed"
    ARCHIVED = "archived"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"


STATE_LABELS = {
    PolicyState.DRAFT: "下書き",
    PolicyState.IN_REVIEW: "確認中",
    PolicyState.RETURNED: "差戻し",
    PolicyState.APPROVED: "承認済",
    PolicyState.PUBLISHED: "公開済",
    PolicyState.SCHEDULED: "公開待ち",
    PolicyState.OPEN: "受付中",
    PolicyState.FULL: "定員到達",
    PolicyState.SUSPENDED: "一時停止",
    PolicyState.CLOSED: "受付終了",
    PolicyState.SETTLING: "精算中",
    PolicyState.COMPLETED: "完了",
    PolicyState.ARCHIVED: "保存",
    PolicyState.CANCELLING: "中止処理中",
    PolicyState.CANCELLED: "中止",
}

COMPUTED_STATES = (PolicyState.SCHEDULED, PolicyState.OPEN, PolicyState.FULL, PolicyState.CLOSED)
STORED_STATES = tuple(state for state in PolicyState if state not in COMPUTED_STATES)
LISTED_STATES = (
    PolicyState.PUBLISHED,
    PolicyState.SUSPENDED,
    PolicyState.CANCELLING,
    PolicyState.SETTLING,
    PolicyState.COMPLETED,
)
"""Stored states that the catalogue lists; an ``archived`` policy has a page, but only by its own link."""
PUBLIC_STATES = (*LISTED_STATES, PolicyState.ARCHIVED)


@dataclass(frozen=True, slots=True)
class Counters:
    """The counter row of a policy at one moment; seats are people, all else whole points."""

    capacity: int | None
    smallest_amount: int
    filled_at: datetime | None
    seats_taken: int
    budget: int
    waiting: int = 0
    opening_seats: int = 0
    reserved: int = 0
    committed: int = 0
    ordered: int = 0
    granted: int = 0
    expired: int = 0
    return_due: int = 0
    returned: int = 0
    written_off: int = 0
    funded: int = 0

    @property
    def seats_left(self) -> int | None:
        """Free seats, or ``None`` without a capacity."""
        return None if self.capacity is None else self.capacity - self.seats_taken

    @property
    def is_exhausted(self) -> bool:
        """True when no seat is free, the free budget is less than any application takes (BR-34), or somebody waits."""
        return self.seats_left == 0 or self.budget < self.smallest_amount or self.waiting > 0


def state_of(stored: str, document: PolicyDocument, counters: Counters, now: datetime) -> PolicyState:
    """The state of a policy at an instant; ends include their whole day (BR-01)."""
    window = document.window
    return state_from(stored, window.apply_from, window.apply_to, reopen=document.reopen, counters=counters, now=now)


def state_from(
    stored: str, apply_from: datetime, apply_to: datetime, *, reopen: bool, counters: Counters, now: datetime
) -> PolicyState:
    """The same from the few values it depends on, for lists that do not read whole documents."""
    decided = PolicyState(stored)
    if decided not in (PolicyState.PUBLISHED, PolicyState.SUSPENDED):
        return decided
    if clock.local(now).date() > clock.local(apply_to).date():
        return PolicyState.CLOSED
    if decided is PolicyState.SUSPENDED:
        return PolicyState.SUSPENDED
    if now < apply_from:
        return PolicyState.SCHEDULED
    # Without ``reopen``, a seat that comes free later does not open the policy again (BR-35).
    was_full = counters.filled_at is not None and not reopen
    return PolicyState.FULL if was_full or counters.is_exhausted else PolicyState.OPEN


def refusal_of(state: PolicyState, document: PolicyDocument) -> DomainError | None:
    """Why the policy takes no application in this state: E208, E209 or E210; ``None`` while it is open.

    While it is full, an application is taken only into the queue, where the policy has one.
    """
    if state is PolicyState.OPEN or (state is PolicyState.FULL and document.overflow == "waitlist"):
        return None
    if state is PolicyState.SCHEDULED:
        first_day = clock.local(document.window.apply_from).date()
        return DomainError("E208", variant="before", start=first_day.isoformat())
    if state is PolicyState.FULL:
        return DomainError("E209")
    if state is PolicyState.SUSPENDED:
        return DomainError("E210")
    return DomainError("E208", end=document.window.apply_last_day.isoformat())
