"""The code of an event's venue: shown by staff, new every minute, scanned by who is there (P-014, EVENT_QR).

It says which event and when, signed; nothing of a person. It signs nobody in and hands over no session: who scans it
keeps the own one, and the own card says who was there.
"""

from __future__ import annotations

from dataclasses import dataclass

from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy.orm import Session

from app import clock, policies
from app.policies import PolicyView

STEP_SECONDS = 60
ACCEPTED_STEPS = 2
"""The one that is shown and the one before: who scans at the turn of the minute is in time."""
_SALT = "event-qr-v1"


@dataclass(frozen=True)
class EventOfPolicy:
    """One event whose attendance a policy asks for."""

    policy: PolicyView
    event: str


def events_of(policy: PolicyView) -> list[EventOfPolicy]:
    """The events that a policy's conditions name."""
    leaves = policies.leaves_of(policies.tree_of(policy.document))
    names = [leaf.event for leaf in leaves if isinstance(leaf, policies.EventAttended)]
    return [EventOfPolicy(policy, name) for name in dict.fromkeys(names)]


def step_now() -> int:
    """The number of the present minute."""
    return int(clock.now().timestamp()) // STEP_SECONDS


def code_of(secret: bytes, policy_id: str, event: str) -> str:
    """What the code says right now."""
    return str(URLSafeSerializer(secret, salt=_SALT).dumps([policy_id, event, step_now()]))


class CodeTooOld(Exception):
    """A genuine code whose minute is over: a photograph of it is worth nothing."""


def read_code(session: Session, secret: bytes, code: str) -> EventOfPolicy | None:
    """The event of a scanned code; None for one that is not ours. Raises ``CodeTooOld``."""
    try:
        policy_id, event, step = URLSafeSerializer(secret, salt=_SALT).loads(code)
    except (BadSignature, ValueError, TypeError):
        return None
    if not isinstance(policy_id, str) or not isinstance(event, str) or not isinstance(step, int):
        return None
    policy = policies.get(session, policy_id)
    found = next((one for one in events_of(policy) if one.event == event), None) if policy else None
    if found is not None and not 0 <= step_now() - step < ACCEPTED_STEPS:
        raise CodeTooOld
    return found
