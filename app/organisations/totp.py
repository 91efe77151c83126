"""The second factor: time-based one-time passwords of RFC 6238 (SHA-1, 30 seconds, 6 digits), as every app makes them.

A code is accepted for its own step and for one step to either side, for clocks that are a little off, and never twice.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from datetime import datetime
from typing import Final
from urllib.parse import quote

STEP_SECONDS: Final = 30
DIGITS: Final = 6
TOLERANCE_STEPS: Final = 1
SECRET_BYTES: Final = 20
"""As long as the output of SHA-1 (RFC 4226, section 4)."""


def new_secret() -> str:
    """A new random secret in base32, as authenticator apps take it."""
    return base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode("ascii")


def code_at(secret: str, step: int) -> str:
    """The code of one step (RFC 4226, section 5.3: dynamic truncation)."""
    key = base64.b32decode(secret)
    digest = hmac.new(key, step.to_bytes(8, "big"), hashlib.sha1).digest()
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFF_FFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


def step_of(at: datetime) -> int:
    """The number of the 30-second step of an instant."""
    return int(at.timestamp()) // STEP_SECONDS


def accepted_step(secret: str, typed: str, at: datetime, last_step: int) -> int | None:
    """The step that the typed code belongs to, if it is near ``at`` and later than ``last_step``; else None."""
    now = step_of(at)
    found = None
    for step in range(now - TOLERANCE_STEPS, now + TOLERANCE_STEPS + 1):
        # Every step is compared, so that the time taken tells nothing.
        if hmac.compare_digest(code_at(secret, step).encode(), typed.encode()) and step > last_step:
            found = step
    return found


def provisioning_uri(secret: str, staff_id: str) -> str:
    """What the QR code for an authenticator app says."""
    return f"otpauth://totp/{quote('todoke:' + staff_id)}?secret={secret}&issuer=todoke&digits={DIGITS}"
