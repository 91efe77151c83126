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
class ReturnCancelled(Event):
    """An objection was accepted: the grant stands again."""

    policy_id: str
    application_id: UUID
