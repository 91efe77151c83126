"""Six digits that only the reader of a mail can know: derived from a nonce, so that nothing stores or logs them."""

from __future__ import annotations

import hmac
from datetime import timedelta
from enum import Enum, auto

from app.pii import vault

CODE_LIFE = timedelta(minutes=15)


class Answer(Enum):
    """What became of a typed code."""

    CONFIRMED = auto()
    WRONG = auto()
    OVER = auto()
    """Too old, tried too often, or none was sent: only a new code helps."""


def code_from(purpose: str, nonce: bytes) -> str:
    """The six digits."""
    number = int.from_bytes(vault().index(purpose, nonce)[:8], "big")
    return f"{number % 1_000_000:06d}"


def is_code(code: str, typed: str) -> bool:
    """Whether this was typed; full-width digits and spaces are allowed."""
    folded = "".join(str(int(c)) if c.isdecimal() else c for c in typed if not c.isspace())
    # compare_digest takes nothing but ASCII.
    return folded.isascii() and hmac.compare_digest(code, folded)
