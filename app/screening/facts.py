"""What a screening is given, and what it answers. Pure values; nothing here is stored but what ``models`` takes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Literal, NamedTuple

from app.errors import DomainError
from app.municipalities import Resolution
from app.policies import Activity, CheckKind, Received

Guardian = Literal["self", "confirmed", "unconfirmed"]


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known about the beneficiary at the instant of submit; what is not known is missing, never guessed.

    ``birth_date`` is ``None`` when the card names no day of the calendar. ``assurance`` and ``revocation`` are those of
    the evidence (domain.md 1.3). ``test_cards_only``: only TEST roots are configured here, so ``simulated`` evidence
    counts. ``support_measure``: the municipality's flag, which sends everything to staff (BR-31); ``deceased``: a death
    was reported (BR-30). ``lists``: the level at which a list's row fits, by list id; ``received``: what earlier
    policies gave, by policy id; ``activities``, ``attendances``: by linked app and by event. ``guardian``: who acts,
    and whether the relation is confirmed.
    """

    address: Resolution | None
    birth_date: date | None
    assurance: str
    revocation: str
    instant: datetime
    test_cards_only: bool = False
    support_measure: bool = False
    sex: str | None = None
    lists: Mapping[str, str] = field(default_factory=dict)
    received: Mapping[str, Received] = field(default_factory=dict)
    activities: Mapping[str, Activity] = field(default_factory=dict)
    attendances: Mapping[str, str] = field(default_factory=dict)
    documents_seen: Collection[str] = frozenset()
    guardian: Guardian | None = None
    deceased: bool = False


class CheckResult(StrEnum):
    """The results that a program can give (domain.md 5.3); the others come from people."""

    PASSED = "passed"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"
    PENDING = "pending"


class CheckOutcome(NamedTuple):
    """One check: its result, the message code if there is one, and the facts its wording names.

    ``facts`` hold codes, labels of municipalities and the policy's own values only; never an address or a birth date.
    """

    kind: CheckKind
    result: CheckResult
    rule_version: str
    input_digest: bytes
    code: str | None
    facts: dict[str, str]

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
