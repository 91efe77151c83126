"""What shop lists tell higher floors, in the transaction in which it happens."""

from __future__ import annotations

from dataclasses import dataclass

from app.events import Event
from app.shops.models import Purpose


@dataclass(frozen=True)
class ShopsLoaded(Event):
    """A policy's list for this purpose is another one now."""

    policy_id: str
    purpose: Purpose
