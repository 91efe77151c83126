"""The verdict of one rule, before it is known whether the evidence may be believed."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.screening.facts import CheckResult


@dataclass(frozen=True, slots=True)
class Verdict:
    """Result, message code and the facts the message names."""

    result: CheckResult
    code: str | None = None
    facts: dict[str, str] = field(default_factory=dict)


def passed() -> Verdict:
    """The condition holds."""
    return Verdict(CheckResult.PASSED)


def failed(code: str, **facts: str) -> Verdict:
    """The condition does not hold; ``code`` tells the person which one."""
    return Verdict(CheckResult.FAILED, code, facts)


def inconclusive(code: str | None, facts: dict[str, str] | None = None) -> Verdict:
    """It cannot be decided here, so a person decides (BR-32)."""
    return Verdict(CheckResult.INCONCLUSIVE, code, facts or {})


def pending() -> Verdict:
    """The check waits for a person by design of the policy."""
    return Verdict(CheckResult.PENDING)
