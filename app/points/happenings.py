"""What this floor tells higher ones, in the transaction in which it happens."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from app.events import Event


@dataclass(frozen=True)
class GrantSucceeded(Event):
    """The provider carried the grant out; ``amount`` in whole points."""

    policy_id: str
    application_id: UUID
    grant_id: UUID
    amount: int


@dataclass(frozen=True)
class GrantFailed(Event):
    """The grant can't be carried out on this link; the person chooses again (E401). ``reason`` is a code."""

    policy_id: str
    application_id: UUID
    grant_id: UUID
    reason: str


@dataclass(frozen=True)
class ReceiptMissed(Event):
    """The day for taking the benefit at a terminal or counter has passed (E402); ``amount`` in whole points."""

    policy_id: str
    application_id: UUID
    grant_id: UUID
    amount: int


@dataclass(frozen=True)
class ResultsArrived(Event):
    """Results of many grants of these applications (policy, id) are about to be recorded; nothing is written yet.

    Whoever will change something of them locks it now, all at once and sorted (decision 0026).
    """

    applications: frozenset[tuple[str, UUID]]


@dataclass(frozen=True)
class RoomFreed(Event):
    """A seat or budget of this policy came free; told before the counters change, so that nothing follows them."""

    policy_id: str
