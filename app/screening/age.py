"""``AGE``: does the card's birth date fit, and may a person of that age apply alone (BR-04 to BR-08, BR-25)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from app.people.ages import law_age
from app.policies import PolicyDocument, birth_conditions_of, day_text
from app.screening.verdict import Verdict, failed, inconclusive, passed

RULE_VERSION = "age-1"
GUARDIAN_BELOW = 15


def judge_age(document: PolicyDocument, birth_date: date | None, instant: datetime) -> Verdict:
    """Judge every declared birth-date range and age; E203 names the range of the policy, never the person's date."""
    if birth_date is None:
        return inconclusive("E205")
    for condition in birth_conditions_of(document):
        born = condition.range_at(instant)
        if not born.includes(birth_date):
            return failed("E203", start=_words(born.first), end=_words(born.last))
    return passed()


def applicant_route(birth_date: date | None, instant: datetime) -> Literal["self", "guardian"]:
    """Who applies: under 15 at the instant the guardian (E211), else the person (BR-25).

    Without a full birth date nobody is turned away as a child; ``AGE`` and staff look at it.
    """
    if birth_date is not None and law_age(birth_date, instant) < GUARDIAN_BELOW:
        return "guardian"
    return "self"


def _words(day: date | None) -> str:
    return "" if day is None else day_text(day)
