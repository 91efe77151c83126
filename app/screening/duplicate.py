"""A suspected duplicate (BR-14): somebody alike has applied already, so a person decides, never the program."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta

from app import clock
from app.policies import CheckKind
from app.screening.facts import CheckOutcome, CheckResult, ScreeningOutcome
from app.screening.pipeline import REVIEW_DAYS

RULE_VERSION = "duplicate-1"


def suspect_duplicate(outcome: ScreeningOutcome, instant: datetime) -> ScreeningOutcome:
    """The same outcome with staff to look at it (E205); a refusal stays what it is."""
    if outcome.aggregate == "rejected":
        return outcome
    date = (clock.local(instant) + timedelta(days=REVIEW_DAYS)).date().isoformat()
    suspicion = CheckOutcome(
        kind=CheckKind.POST_REVIEW,
        result=CheckResult.INCONCLUSIVE,
        rule_version=RULE_VERSION,
        input_digest=hashlib.sha256(f"{RULE_VERSION}\0{int(instant.timestamp())}".encode()).digest(),
        code="E205",
        facts={"date": date},
    )
    others = tuple(check for check in outcome.checks if check.kind is not CheckKind.POST_REVIEW)
    return replace(outcome, aggregate="manual", checks=(*others, suspicion), problem=suspicion.problem)
