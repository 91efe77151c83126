"""What policies tell higher floors, in the transaction in which it happens. ``change`` names the one change."""

from __future__ import annotations

from dataclasses import dataclass

from app.events import Event


@dataclass(frozen=True)
class EndMoved(Event):
    """Maintenance was announced or called off, and with it the last day for applications is another (BR-07)."""

    policy_id: str
    change: str


@dataclass(frozen=True)
class PolicySuspended(Event):
    """Nothing new is taken for a while; who applied already is served on (E210)."""

    policy_id: str
    change: str


@dataclass(frozen=True)
class PolicyResumed(Event):
    """It takes applications again."""

    policy_id: str
    change: str
