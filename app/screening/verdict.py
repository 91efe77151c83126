"""The verdict of one rule: result, message code and the facts the message names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from app.screening.facts import CheckResult

_NOTHING: Mapping[str, str] = {}


class Verdict(NamedTuple):
    """Result, message code and the facts the message names."""

    result: CheckResult
    code: str | None = None
    facts: Mapping[str, str] = _NOTHING


_PASSED = Verdict(CheckResult.PASSED)
_PENDING = Verdict(CheckResult.PENDING)


def passed() -> Verdict:
    """The condition holds."""
    return _PASSED


def failed(code: str, **facts: str) -> Verdict:
    """The condition does not hold; ``code`` tells the person which one."""
    return Verdict(CheckResult.FAILED, code, facts)


def inconclusive(code: str | None, facts: Mapping[str, str] | None = None) -> Verdict:
    """It cannot be decided here, so a person decides (BR-32)."""
    return Verdict(CheckResult.INCONCLUSIVE, code, facts or _NOTHING)


def pending(code: str | None = None) -> Verdict:
    """The check waits: for a person by design of the policy, or for something that has yet to come in."""
    return _PENDING if code is None else Verdict(CheckResult.PENDING, code)
