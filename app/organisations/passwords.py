"""Passwords of staff: argon2id with the library's current parameters; long ones, never composed by rules."""

from __future__ import annotations

import secrets
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

MIN_LENGTH: Final = 12
MAX_LENGTH: Final = 200
_ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"

_hasher = PasswordHasher()
_OF_NOBODY = _hasher.hash(secrets.token_urlsafe(16))
"""Checked where there is no account, so that an unknown number takes as long as a wrong password."""


class PasswordTooShort(ValueError):
    """A password has at least 12 and at most 200 characters."""


def hash_password(password: str) -> str:
    """The hash to store. Raises ``PasswordTooShort``."""
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise PasswordTooShort(f"a password has {MIN_LENGTH} to {MAX_LENGTH} characters")
    return _hasher.hash(password)


def is_right(stored: str | None, password: str) -> bool:
    """Whether the password belongs to the stored hash; without one it takes as long and is wrong."""
    try:
        _hasher.verify(stored or _OF_NOBODY, password[:MAX_LENGTH])
    except (VerifyMismatchError, InvalidHashError):
        return False
    return stored is not None


def new_password() -> str:
    """Four groups of four characters that nobody confuses: 79 bits."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(4))
