"""What this floor tells those above it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from app.events import Event


@dataclass(frozen=True)
class PersonErased(Event):
    """Everything personal of this person goes, in this transaction; whoever keeps some of it drops it now."""

    person_id: UUID
