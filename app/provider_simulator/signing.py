"""How the provider signs what it tells todoke: HMAC-SHA256 over time, event and body."""

from __future__ import annotations

import hashlib
import hmac
from uuid import UUID, uuid4

from app.provider_simulator.simulated_time import real_seconds


def signed_headers(
    provider_id: str, secret: str, body: bytes, event: UUID | None = None, *, age: int = 0
) -> dict[str, str]:
    """The headers of a message made ``age`` seconds ago; a new event unless one is given."""
    event = event or uuid4()
    stamp = str(real_seconds() - age)
    signature = hmac.new(secret.encode(), f"{stamp}.{event}.".encode() + body, hashlib.sha256).hexdigest()
    return {
        "Content-Type": "application/json",
        "X-Todoke-Provider": provider_id,
        "X-Todoke-Timestamp": stamp,
        "X-Todoke-Event": str(event),
        "X-Todoke-Signature": f"v1={signature}",
    }
