"""The screening of one application: a pipeline of checks and what they add up to (domain.md 1.4, 5.3).

Pure: the same document and facts give the same outcome. What needs a list, an app, a document or a person waits or
is inconclusive until that has spoken, and is never "対象外" (BR-32).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256

from app import clock
from app.errors import DomainError
from app.policies import Answer, CheckKind, Finding, PolicyDocument
from app.screening.facts import Aggregate, CheckOutcome, CheckResult, Facts, ScreeningOutcome
from app.screening.messages import decisive, verdict_of
from app.screening.plan import Plan, plan_of
from app.screening.verdict import Verdict, inconclusive, passed, pending

REVIEW_DAYS = 14
"""By when staff answer, as E205 and E218 tell the person; counted from the submit."""

_BELIEVED = frozenset({"attended", "outside"})
NAME_A_DAY = frozenset({"E205", "E218"})


def screen(document: PolicyDocument, facts: Facts, *, requested_review: bool = False) -> ScreeningOutcome:
    """Run every check of the policy on the facts.

    ``requested_review``: the person has seen that a check fails and asks staff to look (domain.md 3.1 R3), so the
    failure counts as inconclusive and ``POST_REVIEW`` is added.
    """
    plan = plan_of(document)
    verdicts = dict(_verdicts(plan, document, facts))
    if facts.deceased:
        verdicts[CheckKind.POST_REVIEW] = inconclusive("E205")
    if facts.support_measure:
        verdicts = {kind: _hidden(verdict) for kind, verdict in verdicts.items()}
        verdicts[CheckKind.SUPPORT_MEASURE] = inconclusive("E213")
    elif requested_review and any(verdict.result is CheckResult.FAILED for verdict in verdicts.values()):
        verdicts = {kind: _for_review(verdict) for kind, verdict in verdicts.items()}
        verdicts.setdefault(CheckKind.POST_REVIEW, pending())
    given = _given(facts)
    checks = tuple(_outcome(plan, kind, verdict, facts, given) for kind, verdict in verdicts.items())
    return ScreeningOutcome(_aggregate(checks), checks, _problem(checks))


def _verdicts(plan: Plan, document: PolicyDocument, facts: Facts) -> Iterator[tuple[CheckKind, Verdict]]:
    """Every check that applies to this person, in the order of the plan."""
    believed = is_believed(document, facts.assurance, facts.revocation, test_cards_only=facts.test_cards_only)
    answers: list[tuple[Answer, list[Finding]]] = []
    open_ones = 0
    for number, conjunct in enumerate(plan.conjuncts):
        findings: list[Finding] = []
        answer = conjunct.judge(facts, believed, findings)
        answers.append((answer, findings))
        if answer is not Answer.MET:
            open_ones |= 1 << number
    for kind in plan.kinds:
        mask = plan.masks[kind]
        if kind is CheckKind.GUARDIAN and not _guardian_counts(plan, facts, holds=not open_ones & mask):
            continue
        if not mask:
            yield kind, _without_conditions(kind, plan)
        elif not open_ones & mask:
            yield kind, passed()
        else:
            numbers = plan.by_kind[kind]
            yield kind, decisive([verdict_of(kind, plan.conjuncts[n], answers[n], document, facts) for n in numbers])


def _guardian_counts(plan: Plan, facts: Facts, *, holds: bool) -> bool:
    """The guardian is checked where one acts, and where a child would act alone.

    Without a full birth date only a policy that names the guardian asks.
    """
    if facts.guardian in ("confirmed", "unconfirmed"):
        return True
    return not holds and (plan.names_the_guardian or facts.birth_date is not None)


def _without_conditions(kind: CheckKind, plan: Plan) -> Verdict:
    """Checks that are declared, or added by the system, beside all conditions."""
    if kind is CheckKind.POST_REVIEW:
        return pending()
    if kind is CheckKind.CARD_AUTO and plan.on_a_base_date:
        # The card proves where somebody lives now, never where on a base date (BR-18).
        return inconclusive("E205")
    return passed() if kind in (CheckKind.CARD_AUTO, CheckKind.SUPPORT_MEASURE) else inconclusive("E218")


def is_believed(document: PolicyDocument, assurance: str, revocation: str, *, test_cards_only: bool) -> bool:
    """Whether such evidence proves anything by itself under this policy (domain.md 1.3, BR-32)."""
    by_assurance = (
        assurance in _BELIEVED
        or (assurance == "simulated" and test_cards_only)
        or (assurance == "unattended" and document.accept_unattended)
    )
    by_revocation = revocation == "good" or (revocation == "not_checked" and document.accept_revocation_unchecked)
    return by_assurance and by_revocation


def _hidden(verdict: Verdict) -> Verdict:
    """Under a support measure no check passes or fails by itself, and none tells anything (BR-31)."""
    still_to_come = verdict.result is CheckResult.PENDING and verdict.code != "E212"
    return pending() if still_to_come else inconclusive(None)


def _for_review(verdict: Verdict) -> Verdict:
    if verdict.result is not CheckResult.FAILED:
        return verdict
    # Staff see what the card said; the person is told that somebody looks at it.
    said = {name: value for name, value in verdict.facts.items() if name != "variant"}
    return inconclusive("E205", {**said, "card_said": verdict.code or ""})


def _outcome(plan: Plan, kind: CheckKind, verdict: Verdict, facts: Facts, given: bytes) -> CheckOutcome:
    result, code, told = verdict
    told = dict(told)
    if code in NAME_A_DAY:
        told["date"] = (clock.local(facts.instant) + timedelta(days=REVIEW_DAYS)).date().isoformat()
    digest = sha256(plan.digests[kind] + given).digest()
    return CheckOutcome(kind, result, plan.rule_versions[kind], digest, code, told)


def _given(facts: Facts) -> bytes:
    """What the rules were given besides the card: a digest of a birth date or a municipality could be tried out."""
    address = facts.address
    given: list[object] = [facts.assurance, facts.revocation, int(facts.instant.timestamp()), facts.guardian]
    given += (address.status.value, address.table_version) if address else (None, None)
    given += [
        sorted(some.items()) for some in (facts.lists, facts.received, facts.activities, facts.attendances) if some
    ]
    if facts.documents_seen:
        given.append(sorted(facts.documents_seen))
    return sha256(repr(given).encode()).digest()


def _aggregate(checks: tuple[CheckOutcome, ...]) -> Aggregate:
    results = {check.result for check in checks}
    if CheckResult.FAILED in results:
        return "rejected"
    return "approved" if results == {CheckResult.PASSED} else "manual"


def _problem(checks: tuple[CheckOutcome, ...]) -> DomainError | None:
    """The first failure; without one the support measure, then doubt, then what is waited for."""
    told = [check for check in checks if check.code is not None]
    if not told:
        return None
    return min(told, key=_order_of_telling).problem


def _order_of_telling(check: CheckOutcome) -> tuple[bool, bool, bool]:
    return (
        check.result is not CheckResult.FAILED,
        check.kind is not CheckKind.SUPPORT_MEASURE,
        check.result is CheckResult.PENDING,
    )
