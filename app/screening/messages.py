"""From what was found about a condition to the verdict of a check: which message, and whether anybody may refuse.

Only the card's residence and birth date and our own books may refuse by themselves; whatever else says no, and
whatever cannot be told, goes to a person or waits for what is still to come (domain.md 1.4, 5.2, BR-32).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from app.policies import (
    AgeIs,
    Answer,
    BornBetween,
    CarryOverCap,
    CheckKind,
    Finding,
    LivesIn,
    PolicyDocument,
    ReceivedEarlier,
    check_of,
    leaves_of,
)
from app.screening.age import outside_the_range
from app.screening.facts import CheckResult, Facts
from app.screening.plan import Conjunct
from app.screening.residence import doubt_about_residence, lives_elsewhere, lives_where_it_does_not_count
from app.screening.verdict import Verdict, failed, inconclusive, passed, pending

_MAY_REFUSE = (LivesIn, AgeIs, BornBetween, ReceivedEarlier, CarryOverCap)

_WAITING = frozenset({"list_missing", "received_missing", "app_silent", "not_scanned", "wrong_day", "not_seen"})
"""Something is still to come in, which then decides the check; a guardian's document, too, but with its own words."""

_CODES = {"list_none": "E204"}

_RANKS = {CheckResult.FAILED: 0, CheckResult.INCONCLUSIVE: 1, CheckResult.PENDING: 2, CheckResult.PASSED: 3}


def verdict_of(
    kind: CheckKind,
    conjunct: Conjunct,
    found: tuple[Answer, Sequence[Finding]],
    document: PolicyDocument,
    facts: Facts,
) -> Verdict:
    """What one condition says to one of the checks it speaks to."""
    answer, findings = found
    if answer is Answer.MET:
        return passed()
    own = [one for one in findings if check_of(one.leaf) is kind]
    if answer is Answer.NOT_MET:
        return _refusal(kind, conjunct, own, document, facts)
    return decisive([_doubt(one) for one in own if one.answer is Answer.CANNOT_TELL])


def decisive(verdicts: Sequence[Verdict]) -> Verdict:
    """The one that decides a check: a failure, then doubt, then waiting; of equals the first with something to say."""
    return min(verdicts, key=lambda one: (_RANKS[one.result], one.code is None), default=passed())


def _doubt(finding: Finding) -> Verdict:
    if finding.reason == "for_staff":
        return pending()
    if finding.reason in _WAITING:
        return pending("E218")
    if finding.reason == "guardian_unconfirmed":
        return pending("E212")
    if finding.reason in _CODES:
        return inconclusive(_CODES[finding.reason])
    if isinstance(finding.leaf, LivesIn):
        return doubt_about_residence(finding.reason, finding.told)
    return inconclusive("E205")


def _refusal(
    kind: CheckKind, conjunct: Conjunct, own: Sequence[Finding], document: PolicyDocument, facts: Facts
) -> Verdict:
    """The message of a condition that does not hold; without one that names it, staff look."""
    clear = all(isinstance(leaf, _MAY_REFUSE) for leaf in leaves_of(conjunct.node))
    if not clear:
        return inconclusive("E205", {"rule_said": "not_met"})
    if kind is CheckKind.AGE:
        return outside_the_range(conjunct.node, facts.instant) or inconclusive("E205", {"rule_said": "not_met"})
    for finding in own:
        said = _SAID.get(finding.reason)
        if said is not None:
            return said(document, finding)
    return inconclusive("E205", {"rule_said": "not_met"})


def _elsewhere(document: PolicyDocument, finding: Finding) -> Verdict:
    assert isinstance(finding.leaf, LivesIn)
    return lives_elsewhere(document, finding.leaf.codes, finding.told["code"])


def _not_here(document: PolicyDocument, finding: Finding) -> Verdict:
    assert isinstance(finding.leaf, LivesIn)
    return lives_where_it_does_not_count(document, finding.leaf.codes)


_SAID: dict[str, Callable[[PolicyDocument, Finding], Verdict]] = {
    "lives_elsewhere": _elsewhere,
    "lives_there": _not_here,
    "received": lambda document, finding: failed("E207"),
    "carry_over": lambda document, finding: failed("E207", variant="at_maximum", max=finding.told["max"]),
}
