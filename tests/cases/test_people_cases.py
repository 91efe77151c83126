"""The 55 cases of the test people, each as written, through real cards and the use cases of the pages.

Those of channel ``counter`` go through a visit at a terminal: ``test_counter_cases.py``.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from importlib import resources
from typing import Any

import pytest

from app import applications, clock, db, lists, municipalities, payments, points, policies, screening
from app.applications import ApplicationState, Receipt
from app.cards import EvidenceView
from app.errors import DomainError
from app.policies import PolicyView
from app.screening import Staff
from tests.cases.reading import PEOPLE, Desk
from tests.cases.town import APPROVER, Resident, checks_of, counters, open_policy, orders, stored

_DATA = json.loads(resources.files("card_sim").joinpath("data", "test_people.json").read_text("utf-8"))
CASES: dict[str, dict[str, Any]] = {case["case_id"]: case for case in _DATA["cases"]}
AT_COUNTER = ("C-18a", "C-18b", "C-23b", "C-31a", "C-31b")
"""What these cases are about is the visit itself; the other cases of channel ``counter`` are about the person."""


@dataclass(frozen=True)
class Result:
    """How a case came out, in the words of the file."""

    outcome: str
    code: str | None
    checks: dict[str, str]


def test_every_case_is_collected() -> None:
    assert len(CASES) == 55
    assert all(CASES[case_id]["channel"] == "counter" for case_id in AT_COUNTER)
    assert len(_runnable()) + len(AT_COUNTER) == 55


def _runnable() -> list[str]:
    return [case_id for case_id in CASES if case_id not in AT_COUNTER]


@pytest.mark.parametrize("case_id", _runnable())
def test_case(case_id: str, desk: Desk) -> None:
    case = CASES[case_id]
    _before(case, desk)
    with clock.frozen(datetime.fromisoformat(case["at"])):
        result = _run(case, desk)
    expected = case["expect"]
    assert (result.outcome, result.code) == (expected["outcome"], expected["code"])
    assert {kind: result.checks.get(kind) for kind in expected["checks"]} == expected["checks"]


# --- what happened before -----------------------------------------------------------------------------------------


def _before(case: dict[str, Any], desk: Desk) -> None:
    """What the file says of the person besides the card: facts enter by their use cases."""
    prepare = _PREPARE.get(case["case_id"])
    if prepare is not None:
        prepare(desk)


def _activity_of_tp_22(desk: Desk) -> None:
    who = desk.read("TP-22", "P-019")
    applications.record_activity(who.person_id, "APP-ECO-01", achieved=True, stated_by="APP-ECO-01")


def _first_application_of_tp_15(desk: Desk) -> None:
    with clock.frozen(datetime.fromisoformat("2026-10-05T10:00:00+09:00")):
        who = desk.read("TP-15", "P-001")
        assert _apply(who, "P-001", "SVC-QR-01", "1234567890123").outcome == "approved"


def _flag_of_tp_16c(desk: Desk) -> None:
    with clock.frozen(datetime.fromisoformat("2026-09-20T10:00:00+09:00")):
        who = desk.read("TP-16C", "P-008")
    applications.set_support_measure(who.person_id, APPROVER)


def _longer_copy(desk: Desk) -> None:
    open_policy("P-006X", sample="P-006", window__apply_to="2026-11-15T23:59:59+09:00")


def _after_the_first_child(desk: Desk) -> None:
    _longer_copy(desk)
    _earlier("C-14b1", desk)


def _before_of_c_16b(desk: Desk) -> None:
    _flag_of_tp_16c(desk)
    _earlier("C-16a", desk)


def _earlier(case_id: str, desk: Desk) -> None:
    """Another case of the file, run before this one; it comes out as written, too."""
    case = CASES[case_id]
    with clock.frozen(datetime.fromisoformat(case["at"])):
        assert _run(case, desk).outcome == case["expect"]["outcome"]


def _strict_copy(desk: Desk) -> None:
    open_policy("P-001X", sample="P-001", strict_residence=True)


def _choose_later(desk: Desk, case_id: str, at: str) -> Receipt:
    """Approved on that day, the service to be chosen later."""
    with clock.frozen(datetime.fromisoformat(at)), db.transaction() as session:
        evidence = desk.read(CASES[case_id]["person_id"], "P-001")
        policy = policies.get(session, "P-001")
        assert policy is not None
        draft = applications.start_draft(session, policy, evidence, "phone")
        applications.record_consent(session, policy, evidence.person_id)
        applications.choose_later(session, policy, evidence.person_id)
    with clock.frozen(datetime.fromisoformat(at)):
        receipt = applications.submit("P-001", draft, evidence.person_id)
    assert stored(receipt).state == ApplicationState.APPROVED
    return receipt


def _dead_between_approval_and_order(desk: Desk) -> None:
    """TP-17 applied to a copy of P-001 whose orders wait three days, and died on the 18th."""
    open_policy("P-001C", sample="P-001", cooling_off_hours=72)
    with clock.frozen(datetime.fromisoformat("2026-11-17T15:00:00+09:00")):
        who = desk.read("TP-17", "P-001C")
        assert _apply(who, "P-001C", "SVC-EM-02", "9000000000000019").outcome == "approved"
    with clock.frozen(datetime.fromisoformat("2026-11-19T09:00:00+09:00")):
        assert applications.record_death(who.person_id, date(2026, 11, 18), APPROVER) == 1


_PREPARE: dict[str, Any] = {
    "C-02b": lambda desk: _earlier("C-02a", desk),
    "C-10b": _strict_copy,
    "C-14b1": _longer_copy,
    "C-14b2": _after_the_first_child,
    "C-15b": _first_application_of_tp_15,
    "C-17": _dead_between_approval_and_order,
    "C-16a": _flag_of_tp_16c,
    "C-16b": _before_of_c_16b,
    "C-22a": _activity_of_tp_22,
}
# P-006 ends on 10-31, and SVC-QR-02 closes 18 days before (BR-12), so that on 10-20 nobody could choose it. What C-14b
# is about, the wallet rule, is shown on a copy of P-006 that ends later.
# P-001 orders at once, so that nobody can die before the order: C-17 is shown on a copy with a cooling-off time.
_POLICY = {"C-10b": "P-001X", "C-17": "P-001C", "C-14b1": "P-006X", "C-14b2": "P-006X"}


# --- running one --------------------------------------------------------------------------------------------------


def _run(case: dict[str, Any], desk: Desk) -> Result:
    person = PEOPLE[case["person_id"]]
    if case["action"] == "resolve_address":
        return Result("resolved" if municipalities.resolve(person.address).code == "131229" else "wrong", None, {})
    if case["action"] == "applicant_route":
        guardian = screening.applicant_route(person.birth_date, clock.now()) == "guardian"
        return Result("guardian_flow", "E211", {}) if guardian else Result("self", None, {})
    policy_id = _POLICY.get(case["case_id"], case["policy_id"])
    if case["action"] in _ACTIONS:
        return _ACTIONS[case["action"]](desk, case, policy_id)
    try:
        evidence = desk.read(case["person_id"], policy_id)
    except DomainError as problem:
        return Result("stopped", problem.code, {})
    if case["actor"] != case["person_id"]:
        return _by_guardian(case, desk, policy_id, evidence)
    return _apply(evidence, policy_id, case["service_id"], _account(case))


def _export_cp932(desk: Desk, case: dict[str, Any], policy_id: str) -> Result:
    """Staff ask for the results in CP932; the file in UTF-8 has the name as the card gave it."""
    staff = Staff(case["actor"], frozenset({"planner"}))
    name = PEOPLE[case["person_id"]].name
    content = applications.export_results(policy_id, staff, "utf-8").decode("utf-8-sig")
    row = next(number for number, line in enumerate(content.splitlines(), start=1) if name in line)
    try:
        applications.export_results(policy_id, staff, "cp932")
    except lists.Unencodable as refusal:
        assert [where for where, _ in refusal.cells] == [row]
        return Result("stopped", refusal.code, {})
    return Result("approved", None, {})


def _assign_with_the_renewed_card(desk: Desk, case: dict[str, Any], policy_id: str) -> Result:
    """The application of 10-05 goes on with the card of 11-10: staff know that both are one person."""
    receipt = _choose_later(desk, case["case_id"], "2026-10-05T10:00:00+09:00")
    first = stored(receipt).applicant_id
    renewed = desk.read(case["person_id"], policy_id)
    assert renewed.person_id != first
    assert renewed.looks_like_another
    choice = applications.Choice(case["service_id"], _account(case), payments.HolderCheckResult("verified", None))
    assert not applications.assign(receipt.receipt_no, renewed.person_id, choice)
    applications.link_persons(renewed.person_id, first, APPROVER)
    again = desk.read(case["person_id"], policy_id)
    assert (again.person_id, again.looks_like_another) == (first, False)
    assert applications.assign(receipt.receipt_no, again.person_id, choice)
    application = stored(receipt)
    assert [order.amount for order in orders()] == [application.amount]
    with pytest.raises(DomainError, match="E206"), db.transaction() as session:
        applications.check_not_applied_yet(session, policy_id, again.person_id)
    return Result(application.state, None, checks_of(application))


def _order_for_the_dead(desk: Desk, case: dict[str, Any], policy_id: str) -> Result:
    """When the order falls due there is none, and the amount is back in the budget."""
    before = counters(policy_id)
    assert (before.budget, before.committed, before.seats_taken) == (before.funded, 0, 0)
    with clock.frozen(clock.now() + timedelta(days=2)):
        assert points.order_due_grants() == 0
    return Result("approved" if orders() else "stopped", None, {})


_ACTIONS: dict[str, Callable[[Desk, dict[str, Any], str], Result]] = {
    "export_cp932": _export_cp932,
    "assign": _assign_with_the_renewed_card,
    "order": _order_for_the_dead,
}


def _account(case: dict[str, Any]) -> str:
    return str(PEOPLE[case["actor"]].payment_ids.get(case["service_id"] or "", "A1B2C3D4"))


def _apply(evidence: EvidenceView, policy_id: str, service_id: str | None, account: str) -> Result:
    """Alone: the draft, the result page, and, where the case names a service, the submit."""
    with db.reading() as session:
        policy = policies.get(session, policy_id)
    assert policy is not None
    try:
        if policy.amount is not None:
            _start(policy, evidence)
    except DomainError as problem:
        return Result("guardian_flow" if problem.code == "E211" else "stopped", problem.code, {})
    shown = _shown(policy, evidence)
    if service_id is None or policy.amount is None or shown.outcome == "stopped":
        return _with_the_suspicion(policy, evidence, shown)
    who = Resident(evidence.person_id, evidence.id)
    with db.transaction() as session:
        applications.record_consent(session, policy, who.person_id)
        applications.choose_service(session, policy, who.person_id, service_id, None)
        checked = payments.HolderCheckResult("verified", None)
        applications.keep_account(session, policy_id, who.person_id, account, checked)
        draft = applications.draft_of(session, policy_id, who.person_id)
    assert draft is not None
    application = stored(applications.submit(policy_id, draft.application_id, who.person_id))
    outcome = "approved" if application.state == ApplicationState.APPROVED else "manual"
    return Result(outcome, shown.code, checks_of(application))


def _start(policy: PolicyView, evidence: EvidenceView) -> None:
    with db.transaction() as session:
        applications.start_draft(session, policy, evidence, "phone")


def _shown(policy: PolicyView, evidence: EvidenceView, *, acting: applications.Acting | None = None) -> Result:
    """What the result page says before anything is sent."""
    outcome = applications.judge(policy, evidence, False, acting=acting)
    names = {"approved": "approved", "rejected": "stopped", "manual": "manual"}
    code = outcome.problem.code if outcome.problem else None
    return Result(names[outcome.aggregate], code, {check.kind.value: check.result.value for check in outcome.checks})


def _with_the_suspicion(policy: PolicyView, evidence: EvidenceView, shown: Result) -> Result:
    """BR-14: the submit finds somebody alike, whatever the card said."""
    if not evidence.looks_like_another or shown.outcome == "stopped":
        return shown
    known = Resident(evidence.person_id, evidence.id)
    service = policy.document.services[0]
    with db.transaction() as session:
        applications.record_consent(session, policy, known.person_id)
        applications.choose_service(session, policy, known.person_id, service, None)
        checked = payments.HolderCheckResult("verified", None)
        applications.keep_account(session, policy.policy_id, known.person_id, "9999999999999", checked)
        draft = applications.draft_of(session, policy.policy_id, known.person_id)
    assert draft is not None
    application = stored(applications.submit(policy.policy_id, draft.application_id, known.person_id))
    with db.reading() as session:
        found = screening.checks_of(session, policy.policy_id, application.id)
    code = next((check.problem.code for check in found if check.problem), None)
    return Result("manual" if application.state == "screening" else "approved", code, checks_of(application))


def _by_guardian(case: dict[str, Any], desk: Desk, policy_id: str, child: EvidenceView) -> Result:
    """The guardian's card, then the child's; the declaration; the guardian's wallet where the policy allows one."""
    guardian = desk.read(case["actor"], policy_id)
    with db.reading() as session:
        policy = policies.get(session, policy_id)
    assert policy is not None
    try:
        return _sent_by_guardian(case, policy, guardian, child)
    except DomainError as problem:
        return Result("stopped", problem.code, {})


def _sent_by_guardian(case: dict[str, Any], policy: PolicyView, guardian: EvidenceView, child: EvidenceView) -> Result:
    with db.transaction() as session:
        draft_id = applications.start_for_child(session, policy, guardian, child, "phone")
        said = applications.Declaration(applications.Relation.PARENT)
        applications.declare(session, policy.policy_id, draft_id, guardian.person_id, said)
        if policy.document.wallet_rule.guardian_wallet:
            wallet = applications.Wallet.GUARDIAN
            applications.choose_wallet(session, policy, draft_id, guardian.person_id, wallet)
        draft = applications.draft_of(session, policy.policy_id, guardian.person_id)
    assert draft is not None
    assert draft.acting is not None
    shown = _shown(policy, child, acting=draft.acting)
    if shown.outcome == "stopped":
        return shown
    with db.transaction() as session:
        applications.record_consent(session, policy, guardian.person_id)
        age = draft.age_for_service
        applications.choose_service(session, policy, guardian.person_id, case["service_id"], age)
        person = PEOPLE[case["actor"]]
        own = person if case["service_id"] in person.payment_ids else PEOPLE[case["person_id"]]
        checked = payments.HolderCheckResult("verified", None)
        account = str(own.payment_ids[case["service_id"]])
        applications.keep_account(session, policy.policy_id, guardian.person_id, account, checked)
    application = stored(applications.submit(policy.policy_id, draft_id, guardian.person_id))
    assert application.applicant_id == guardian.person_id
    assert application.beneficiary_id == child.person_id
    outcome = "approved" if application.state == ApplicationState.APPROVED else "manual"
    return Result(outcome, shown.code, checks_of(application))
