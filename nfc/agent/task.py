"""What the service asks of an agent: one card session, checked field by field before anything is shown or signed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias
from uuid import UUID

Purpose: TypeAlias = Literal["apply", "status", "guardian", "child", "counter", "hold", "confirm", "touch"]
"""What a card is read for. `counter` is `apply` at a counter, where the card stays; the last three need no PIN."""

PURPOSES: Final[tuple[Purpose, ...]] = ("apply", "status", "guardian", "child", "counter", "hold", "confirm", "touch")
FROM_AN_EMPTY_READER: Final[frozenset[Purpose]] = frozenset({"counter", "touch"})
"""At a counter one person comes after the other: a card that still lies there is the last one's (BR-50)."""
WITHOUT_PIN: Final[frozenset[Purpose]] = frozenset({"hold", "confirm", "touch"})

MAX_LIFETIME_SECONDS: Final = 180
MAX_TITLE: Final = 200
MAX_POLICY_ID: Final = 64
MAX_ORIGIN: Final = 200
_CHALLENGE = re.compile(r"[0-9a-f]{64}")
_CONFIRMATION = re.compile(r"[0-9]{2}")
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.\-\[\]:]+")


class TaskError(ValueError):
    """The service's answer is not a card session. The message names the field, not its value."""


@dataclass(frozen=True, slots=True)
class CardSessionTask:
    """One card session as taken.

    `challenge` is 64 hex digits, `confirmation` the two digits that the person's own page shows and the person types
    here, `expires_in` the seconds that the challenge still lives, `origin` the public address of the service, bound
    into the signature.
    """

    session_id: str
    challenge: str
    purpose: Purpose
    policy_id: str | None
    policy_title: str | None
    municipality_name: str | None
    origin: str
    confirmation: str
    expires_in: int

    @property
    def challenge_bytes(self) -> bytes:
        """The 32 bytes of the challenge."""
        return bytes.fromhex(self.challenge)

    @classmethod
    def from_json(cls, value: object) -> CardSessionTask:
        """Raises TaskError when a field is missing, of another type, too long, or holds control characters."""
        if not isinstance(value, Mapping):
            raise TaskError("not an object")
        return cls(
            session_id=_uuid(value, "session_id"),
            challenge=_matching(value, "challenge", _CHALLENGE),
            purpose=_purpose(value),
            policy_id=_optional_text(value, "policy_id", MAX_POLICY_ID),
            policy_title=_optional_text(value, "policy_title", MAX_TITLE),
            municipality_name=_optional_text(value, "municipality_name", MAX_TITLE),
            origin=_origin(value),
            confirmation=_matching(value, "confirmation", _CONFIRMATION),
            expires_in=_seconds(value, "expires_in"),
        )


def _matching(value: Mapping[str, object], name: str, form: re.Pattern[str]) -> str:
    text = value.get(name)
    if not isinstance(text, str) or not form.fullmatch(text):
        raise TaskError(f"{name} is missing or malformed")
    return text


def _uuid(value: Mapping[str, object], name: str) -> str:
    text = value.get(name)
    try:
        canonical = str(UUID(text)) if isinstance(text, str) else None
    except ValueError:
        canonical = None
    # One spelling only: the text goes into a path and into the signed operation.
    if canonical is None or canonical != text:
        raise TaskError(f"{name} is not a UUID")
    return canonical


def _purpose(value: Mapping[str, object]) -> Purpose:
    given = value.get("purpose")
    for purpose in PURPOSES:
        if given == purpose:
            return purpose
    raise TaskError("purpose is unknown")


def _origin(value: Mapping[str, object]) -> str:
    text = value.get("origin")
    if not isinstance(text, str) or len(text) > MAX_ORIGIN or not _ORIGIN.fullmatch(text.removesuffix("/")):
        raise TaskError("origin is missing or malformed")
    return text


def _optional_text(value: Mapping[str, object], name: str, limit: int) -> str | None:
    text = value.get(name)
    if text is None:
        return None
    if not isinstance(text, str) or not 0 < len(text) <= limit or not text.isprintable():
        raise TaskError(f"{name} is not a text of 1 to {limit} characters")
    return text


def _seconds(value: Mapping[str, object], name: str) -> int:
    number = value.get(name)
    if not isinstance(number, int) or isinstance(number, bool) or number < 0:
        raise TaskError(f"{name} is not a number of seconds")
    return min(number, MAX_LIFETIME_SECONDS)
