"""What a screening is given, and what it answers. Pure values; nothing here is stored but what ``models`` takes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Literal

from app.errors import DomainError
from app.municipalities import Resolution
from app.policies import CheckKind


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known about the beneficiary at the instant of submit.

    ``birth_date`` is ``None`` when the card names no day of the calendar. ``assurance`` and ``revocation`` are those of
    the evidence (domain.md 1.3). ``test_cards_only``: only TEST roots are configured here, so ``simulated`` evidence
    counts. ``support_measure``: the municipality's flag, which sends everything to staff (BR-31).
    """

    address: Resolution
    birth_date: date | None
    assurance: str
    revocation: str
    instant: datetime
    test_cards_only: bool = False
    support_measure: bool = False


class CheckResult(StrEnum):
    """The results that a program can give (domain.md 5.3); the others come from people."""

    PASSED = "passed"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"
    PENDING = "pending"


@dataclass(frozen=True, slots=True)
class CheckOutcome:
    """One check: its result, the message code if there is one, and the facts its wording names.

    ``facts`` hold codes, labels of municipalities and the policy's own values only; never an address or a birth date.
    """

    kind: CheckKind
    result: CheckResult
    rule_version: str
    input_digest: bytes
    code: str | None = None
    facts: dict[str, str] = field(default_factory=dict)

    @property
    def problem(self) -> DomainError | None:
        """The message for the person, or ``None`` when there is nothing to say."""
        return None if self.code is None else DomainError(self.code, **self.facts)


Aggregate = Literal["approved", "rejected", "manual"]


@dataclass(frozen=True, slots=True)
class ScreeningOutcome:
    """All checks and what follows from them; ``problem`` is the message of the check that decided."""

    aggregate: Aggregate
    checks: tuple[CheckOutcome, ...]
    problem: DomainError | None
