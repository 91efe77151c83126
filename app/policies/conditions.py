"""The conditions of a policy as typed rules that can be judged, made from its ``eligibility`` (domain.md 1.4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from app import clock
from app.policies.conditions_tree import AgeRule, ResidenceMode
from app.policies.document import CheckKind, Eligibility, PolicyDocument


@dataclass(frozen=True, slots=True)
class ResidenceCondition:
    """Where a beneficiary must, or must not, live: any of ``codes`` (BR-18, BR-21). No codes: anywhere."""

    mode: ResidenceMode
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BirthRange:
    """Birth dates that fit, both ends included (BR-08); ``None`` is an open end."""

    first: date | None
    last: date | None

    def includes(self, birth: date) -> bool:
        """True when the birth date lies in the range."""
        return (self.first is None or birth >= self.first) and (self.last is None or birth <= self.last)


@dataclass(frozen=True, slots=True)
class BirthdateCondition:
    """A declared range of birth dates."""

    range: BirthRange

    def range_at(self, instant: datetime) -> BirthRange:
        """The same at every instant."""
        return self.range


@dataclass(frozen=True, slots=True)
class AgeCondition:
    """A declared age; which birth dates fit may depend on when the person applies."""

    rule: AgeRule

    def range_at(self, instant: datetime) -> BirthRange:
        """The birth dates that fit for a submit at ``instant`` (BR-04, BR-06).

        A fixed day counts at its end (24:00). "As of application" is the instant of submit, whose age equals the one
        at the end of the day before.
        """
        applied = clock.local(instant).date()
        day = applied - timedelta(days=1) if self.rule.as_of == "application" else self.rule.as_of
        if self.rule.rule == "nendo_end":
            assert self.rule.max is not None
            judged = applied if self.rule.as_of == "application" else self.rule.as_of
            return BirthRange(date(_nendo(judged) - self.rule.max, 4, 2), None)
        first = None if self.rule.max is None else _latest_birth(self.rule.max + 1, day) + timedelta(days=1)
        last = None if self.rule.min is None else _latest_birth(self.rule.min, day)
        return BirthRange(first, last)


@dataclass(frozen=True, slots=True)
class NamedCondition:
    """A condition that another check decides: a list, an app, a document, an event, earlier grants."""

    kind: CheckKind
    name: str


Condition = ResidenceCondition | BirthdateCondition | AgeCondition | NamedCondition


def conditions_of(document: PolicyDocument) -> tuple[Condition, ...]:
    """All declared conditions, residence first."""
    eligibility = document.eligibility
    conditions: list[Condition] = [residence_of(document), *birth_conditions_of(document)]
    conditions += [NamedCondition(kind, name) for kind, name in _named(eligibility)]
    return tuple(conditions)


def residence_of(document: PolicyDocument) -> ResidenceCondition:
    """The residence condition, one of five modes (BR-18)."""
    residence = document.eligibility.residence
    return ResidenceCondition(residence.mode, residence.codes)


def birth_conditions_of(document: PolicyDocument) -> tuple[BirthdateCondition | AgeCondition, ...]:
    """The conditions that ``AGE`` decides; empty when the policy has none."""
    eligibility = document.eligibility
    found: list[BirthdateCondition | AgeCondition] = []
    if eligibility.birthdate_range is not None:
        found.append(BirthdateCondition(BirthRange(*eligibility.birthdate_range)))
    if eligibility.age is not None:
        found.append(AgeCondition(eligibility.age))
    return tuple(found)


def _named(eligibility: Eligibility) -> list[tuple[CheckKind, str]]:
    named = [(CheckKind.PRE_LIST, eligibility.list_id), (CheckKind.EXTERNAL_APP, eligibility.linked_app)]
    named += [(CheckKind.EVENT_QR, eligibility.event_checkin)]
    named += [(CheckKind.DOC_AT_COUNTER, text) for text in eligibility.documents]
    named += [(CheckKind.EXCLUSION_LIST, policy_id) for policy_id in eligibility.exclude_recipients_of]
    return [(kind, name) for kind, name in named if name is not None]


def _nendo(day: date) -> int:
    """The fiscal year (年度) of a day: it begins on 1 April."""
    return day.year if day >= date(day.year, 4, 1) else day.year - 1


def _latest_birth(years: int, day: date) -> date:
    """The latest birth date at which the age is attained by the end of ``day``."""
    next_day = day + timedelta(days=1)
    try:
        return next_day.replace(year=next_day.year - years)
    except ValueError:
        return date(next_day.year - years, 2, 28)
