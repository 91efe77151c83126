"""The screening of one application: a pipeline of checks and what they add up to (domain.md 1.4, 5.3).

Pure: the same document and facts give the same outcome. Only ``CARD_AUTO`` and ``AGE`` can fail here; what needs a
list, an app, a document or a person is inconclusive until that has spoken, and never "対象外" (BR-32).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import timedelta

from app import clock
from app.errors import DomainError
from app.policies import CheckKind, PolicyDocument, birth_conditions_of, day_text
from app.screening import age, residence
from app.screening.facts import Aggregate, CheckOutcome, CheckResult, Facts, ScreeningOutcome
from app.screening.verdict import Verdict, inconclusive, passed, pending

REVIEW_DAYS = 14
"""By when staff answer, as E205 and E218 tell the person; counted from the submit."""

_BELIEVED = frozenset({"attended", "outside"})
_RULE_VERSIONS = {CheckKind.CARD_AUTO: residence.RULE_VERSION, CheckKind.AGE: age.RULE_VERSION}


def screen(document: PolicyDocument, facts: Facts, *, requested_review: bool = False) -> ScreeningOutcome:
    """Run every check of the policy on the facts.

    ``requested_review``: the person has seen that a check fails and asks staff to look (domain.md 3.1 R3), so the
    failure counts as inconclusive and ``POST_REVIEW`` is added.
    """
    verdicts = {kind: _judge(kind, document, facts) for kind in _kinds(document)}
    if facts.support_measure:
        verdicts = {kind: _hidden(verdict) for kind, verdict in verdicts.items()}
        verdicts[CheckKind.SUPPORT_MEASURE] = inconclusive("E213")
    elif requested_review and any(verdict.result is CheckResult.FAILED for verdict in verdicts.values()):
        verdicts = {kind: _for_review(verdict) for kind, verdict in verdicts.items()}
        verdicts.setdefault(CheckKind.POST_REVIEW, pending())
    checks = tuple(_outcome(kind, verdict, document, facts) for kind, verdict in verdicts.items())
    return ScreeningOutcome(_aggregate(checks), checks, _problem(checks))


def _kinds(document: PolicyDocument) -> Iterator[CheckKind]:
    """The declared checks and those the system adds: ``AGE`` behind the card check, ``SUPPORT_MEASURE`` always."""
    if CheckKind.CARD_AUTO in document.screening:
        yield CheckKind.CARD_AUTO
    if birth_conditions_of(document):
        yield CheckKind.AGE
    yield from (kind for kind in document.screening if kind is not CheckKind.CARD_AUTO)
    yield CheckKind.SUPPORT_MEASURE


def _judge(kind: CheckKind, document: PolicyDocument, facts: Facts) -> Verdict:
    if kind is CheckKind.CARD_AUTO:
        return _if_believed(residence.judge_residence(document, facts.address), document, facts)
    if kind is CheckKind.AGE:
        return _if_believed(age.judge_age(document, facts.birth_date, facts.instant), document, facts)
    if kind is CheckKind.SUPPORT_MEASURE:
        return passed()
    return pending() if kind is CheckKind.POST_REVIEW else inconclusive("E218")


def _if_believed(verdict: Verdict, document: PolicyDocument, facts: Facts) -> Verdict:
    """Neither pass nor fail on evidence that proves nothing by itself (domain.md 1.3, BR-32)."""
    by_assurance = (
        facts.assurance in _BELIEVED
        or (facts.assurance == "simulated" and facts.test_cards_only)
        or (facts.assurance == "unattended" and document.accept_unattended)
    )
    by_revocation = facts.revocation == "good" or (
        facts.revocation == "not_checked" and document.accept_revocation_unchecked
    )
    return verdict if by_assurance and by_revocation else inconclusive("E205")


def _hidden(verdict: Verdict) -> Verdict:
    """Under a support measure no check passes or fails by itself, and none tells anything (BR-31)."""
    return verdict if verdict.result is CheckResult.PENDING else inconclusive(None)


def _for_review(verdict: Verdict) -> Verdict:
    if verdict.result is not CheckResult.FAILED:
        return verdict
    # Staff see what the card said; the person is told that somebody looks at it.
    return inconclusive("E205", {**verdict.facts, "card_said": verdict.code or ""})


def _outcome(kind: CheckKind, verdict: Verdict, document: PolicyDocument, facts: Facts) -> CheckOutcome:
    told = dict(verdict.facts)
    if verdict.code in ("E205", "E218"):
        told["date"] = day_text((clock.local(facts.instant) + timedelta(days=REVIEW_DAYS)).date())
    version = _RULE_VERSIONS.get(kind, f"{kind.lower()}-1")
    return CheckOutcome(kind, verdict.result, version, _input_digest(kind, document, facts), verdict.code, told)


def _input_digest(kind: CheckKind, document: PolicyDocument, facts: Facts) -> bytes:
    """What the rule was given besides the card: a digest of a birth date or a municipality could be tried out."""
    given = {
        "kind": kind,
        "policy_id": document.policy_id,
        "eligibility": document.eligibility.model_dump(mode="json", by_alias=True),
        "strict_residence": document.strict_residence,
        "accept": [document.accept_unattended, document.accept_revocation_unchecked],
        "assurance": facts.assurance,
        "revocation": facts.revocation,
        "address": [facts.address.status, facts.address.table_version],
        "instant": int(facts.instant.timestamp()),
    }
    return hashlib.sha256(json.dumps(given, sort_keys=True).encode()).digest()


def _aggregate(checks: tuple[CheckOutcome, ...]) -> Aggregate:
    results = {check.result for check in checks}
    if CheckResult.FAILED in results:
        return "rejected"
    return "approved" if results == {CheckResult.PASSED} else "manual"


def _problem(checks: tuple[CheckOutcome, ...]) -> DomainError | None:
    """The first failure; without one the support measure, then the first inconclusive check with something to say."""
    told = [check for check in checks if check.code is not None]
    told.sort(key=lambda check: (check.result is not CheckResult.FAILED, check.kind is not CheckKind.SUPPORT_MEASURE))
    return told[0].problem if told else None
