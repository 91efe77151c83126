"""What this floor tells higher ones, in the transaction in which it happens."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from app.events import Event


@dataclass(frozen=True)
class ReturnDecided(Event):
    """It was decided to take ``amount`` points back: the application is revoked (E403)."""

    policy_id: str
    application_id: UUID
    amount: int
    decided_by: str


@dataclass(frozen=True)
class RebateReturnOpened(Event):
    """Refunds made ``amount`` points of a rebate too many, and a case was opened about them (BR-38)."""

    policy_id: str
    application_id: UUID
    case_id: UUID
    amount: int


@dataclass(frozen=True)
class RebateReturnOver(Event):
    """The case of a rebate ended because nothing is due any more: it was made up for."""

    policy_id: str
    application_id: UUID
    case_id: UUID


@dataclass(frozen=True)
class ReturnEnded(Event):
    """A case is over, however it ended; another may be due."""

    policy_id: str
    application_id: UUID


@dataclass(frozen=True)
class ReturnCancelled(Event):
    """An objection was accepted: the grant stands again."""

    policy_id: str
    application_id: UUID
    decided_by: str
