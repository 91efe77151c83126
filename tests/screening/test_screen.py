"""Screening: who passes at once, who is refused and why, and who is looked at by staff (domain.md 1.3, 1.4, 5.3)."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import municipalities
from app.policies import CheckKind, PolicyDocument, Received
from app.screening import CheckResult, Facts, ScreeningOutcome, applicant_route, screen
from tests.policies.samples import ITEMS, document
from tests.screening.people import FIXTURE, PEOPLE, facts, facts_of

PASSED, FAILED, INCONCLUSIVE, PENDING = CheckResult


def _results(outcome: ScreeningOutcome) -> dict[str, str]:
    return {check.kind.value: check.result.value for check in outcome.checks}


def _code(outcome: ScreeningOutcome) -> str | None:
    return outcome.problem.code if outcome.problem else None


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text + "+09:00")


@pytest.mark.parametrize(
    ("person", "policy_id", "aggregate", "code", "expected"),
    [
        ("TP-02", "P-001", "approved", None, {"CARD_AUTO": PASSED}),
        ("TP-06", "P-018", "manual", None, {"CARD_AUTO": PASSED, "AGE": PASSED, "POST_REVIEW": PENDING}),
        ("TP-08", "P-017", "manual", "E218", {"AGE": PASSED, "PRE_LIST": PENDING}),
        ("TP-09", "P-001", "rejected", "E201", {"CARD_AUTO": FAILED}),
        ("TP-10", "P-001", "approved", None, {"CARD_AUTO": PASSED}),
        ("TP-11", "P-001", "rejected", "E202", {"CARD_AUTO": FAILED}),
        ("TP-11", "P-012", "rejected", "E202", {"CARD_AUTO": FAILED, "AGE": PASSED}),
        ("TP-12", "P-018", "manual", None, {"CARD_AUTO": PASSED, "AGE": PASSED, "POST_REVIEW": PENDING}),
        ("TP-13", "P-015", "approved", None, {"CARD_AUTO": PASSED}),
        ("TP-13B", "P-015", "approved", None, {"CARD_AUTO": PASSED}),
        ("TP-14C1", "P-006", "manual", "E212", {"CARD_AUTO": PASSED, "AGE": PASSED, "GUARDIAN": PENDING}),
        ("TP-14C4", "P-006", "manual", "E212", {"CARD_AUTO": PASSED, "AGE": PASSED, "GUARDIAN": PENDING}),
        ("TP-20", "P-015", "rejected", "E201", {"CARD_AUTO": FAILED}),
        ("TP-21", "P-004", "approved", None, {"CARD_AUTO": PASSED}),
        ("TP-22", "P-019", "manual", "E218", {"EXTERNAL_APP": PENDING}),
    ],
)
def test_br_18_br_19_br_21_br_22_the_cases_of_the_test_people(
    person: str, policy_id: str, aggregate: str, code: str | None, expected: dict[str, CheckResult]
) -> None:
    outcome = screen(document(policy_id), facts_of(person))
    results = _results(outcome)
    assert (outcome.aggregate, _code(outcome)) == (aggregate, code)
    assert {kind: results[kind] for kind in expected} == expected
    assert results["SUPPORT_MEASURE"] == PASSED


def test_e201_names_the_municipality_of_the_card() -> None:
    problem = screen(document("P-001"), facts_of("TP-09")).problem
    assert problem is not None
    assert "「みらい県かわなみ市」" in problem.wording()


def test_br_19_e202_names_both_prefectures() -> None:
    problem = screen(document("P-001"), facts_of("TP-11")).problem
    assert problem is not None
    assert problem.wording().startswith("「あさひ市(みらい県)」の施策です。お住まいは「あさひ市(ほくと県)」")


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("あさひ市本町１丁目", "E205"),
        ("みらい県みなみ市１番", "E205"),
        ("", "E218"),
        ("どこにもない町１番地", "E218"),
    ],
)
@pytest.mark.parametrize("policy_id", ["P-001", "P-018", "P-016", "P-020"])
def test_br_20_br_21_br_32_an_unclear_address_is_never_a_refusal(address: str, code: str, policy_id: str) -> None:
    outcome = screen(document(policy_id), facts(address, date(2009, 6, 15)))
    assert _results(outcome)["CARD_AUTO"] == INCONCLUSIVE
    assert (outcome.aggregate, _code(outcome)) == ("manual", code)


def test_br_21_a_policy_for_one_ward_refuses_the_other_and_a_list_of_wards_takes_both() -> None:
    one_ward = document("P-018", {"eligibility.residence.municipality": "991015"})
    both_wards = document("P-018", {"eligibility.residence.municipality": ["991015", "991023"]})
    assert _code(screen(one_ward, facts_of("TP-12"))) == "E201"
    assert _results(screen(both_wards, facts_of("TP-12")))["CARD_AUTO"] == PASSED


def test_br_22_a_retired_ward_cannot_decide_a_policy_for_one_ward() -> None:
    ward = document("P-001", {"eligibility.residence.municipality": "221384"})
    city = document("P-001", {"eligibility.residence.municipality": "221309"})
    on_the_card = facts("静岡県浜松市北区細江町１番地")
    assert _results(screen(ward, on_the_card))["CARD_AUTO"] == INCONCLUSIVE
    assert _results(screen(city, on_the_card))["CARD_AUTO"] == PASSED


def test_residence_anywhere_in_the_prefecture() -> None:
    nothing_before = {"P-016-1": Received("none")}
    assert screen(document("P-016"), facts_of("TP-12", received=nothing_before)).aggregate == "approved"
    outcome = screen(document("P-016"), facts_of("TP-11"))
    assert (outcome.aggregate, _code(outcome)) == ("rejected", "E201")


def test_a_policy_for_people_who_live_elsewhere() -> None:
    assert _results(screen(document("P-020"), facts_of("TP-02")))["CARD_AUTO"] == PASSED
    outcome = screen(document("P-020"), facts_of("TP-20"))
    assert (outcome.aggregate, _code(outcome)) == ("rejected", "E214")
    assert outcome.problem is not None
    assert "「みらい県やまなみ郡いずみ町」以外" in outcome.problem.wording()


def test_br_18_a_card_proves_nothing_about_a_base_date() -> None:
    both = document("P-017", {"screening": ["CARD_AUTO", "PRE_LIST"]})
    assert _results(screen(both, facts_of("TP-08")))["CARD_AUTO"] == INCONCLUSIVE


def test_br_24_with_strict_residence_the_card_alone_does_not_decide() -> None:
    strict = document("P-001", {"strict_residence": True})
    outcome = screen(strict, facts_of("TP-10"))
    assert (outcome.aggregate, _code(outcome)) == ("manual", None)
    assert _results(outcome)["CARD_AUTO"] == INCONCLUSIVE
    assert _code(screen(strict, facts_of("TP-09"))) == "E201"


@pytest.mark.parametrize(
    ("policy_id", "birth", "wording"),
    [
        ("P-006", date(2020, 4, 1), "この施策は2020年4月2日〜2026年4月1日生まれの方が対象です。"),
        ("P-006", date(2026, 4, 2), "この施策は2020年4月2日〜2026年4月1日生まれの方が対象です。"),
        ("P-012", date(1986, 10, 3), "この施策は〜1986年10月2日生まれの方が対象です。"),
    ],
)
def test_br_08_e203_names_the_range_of_the_policy(policy_id: str, birth: date, wording: str) -> None:
    outcome = screen(document(policy_id), facts("みらい県あさひ市本町１丁目", birth))
    assert (outcome.aggregate, _code(outcome)) == ("rejected", "E203")
    assert outcome.problem is not None
    assert outcome.problem.wording() == wording


def test_br_04_br_06_the_instant_of_submit_decides_the_age() -> None:
    on = facts("みらい県みなみ市港区海岸通", date(2007, 11, 21), instant=_at("2026-11-20T23:59:59"))
    after = facts("みらい県みなみ市港区海岸通", date(2007, 11, 21), instant=_at("2026-11-21T00:00:00"))
    assert _results(screen(document("P-018"), on))["AGE"] == PASSED
    assert _results(screen(document("P-018"), after))["AGE"] == FAILED


def test_br_32_an_unknown_birth_date_is_for_staff() -> None:
    outcome = screen(document("P-012"), facts("みらい県あさひ市本町１丁目", None))
    assert (outcome.aggregate, _results(outcome)["AGE"]) == ("manual", INCONCLUSIVE)


def test_the_first_failure_is_told_before_any_doubt() -> None:
    outcome = screen(document("P-012"), facts_of("TP-09", instant=FIXTURE))
    assert (outcome.aggregate, _code(outcome)) == ("rejected", "E201")


# assurance, revocation, only TEST roots, changes of the policy -> may the card decide
EVIDENCE = [
    ("attended", "good", False, {}, True),
    ("outside", "good", False, {}, True),
    ("simulated", "good", True, {}, True),
    ("simulated", "good", False, {}, False),
    ("unattended", "good", False, {}, False),
    ("unattended", "good", True, {}, False),
    ("unattended", "good", False, {"accept_unattended": True}, True),
    ("staff", "good", False, {}, False),
    ("something_new", "good", True, {}, False),
    ("attended", "not_checked", False, {}, False),
    ("attended", "not_checked", False, {"accept_revocation_unchecked": True}, True),
    ("attended", "revoked", False, {"accept_revocation_unchecked": True}, False),
    ("unattended", "not_checked", False, {"accept_unattended": True}, False),
]


@pytest.mark.parametrize(("assurance", "revocation", "test_cards_only", "accepted", "decides"), EVIDENCE)
@pytest.mark.parametrize(("person", "if_believed"), [("TP-02", PASSED), ("TP-09", FAILED)])
def test_br_32_evidence_decides_only_as_far_as_it_is_believed(
    assurance: str,
    revocation: str,
    test_cards_only: bool,
    accepted: dict[str, Any],
    decides: bool,
    person: str,
    if_believed: CheckResult,
) -> None:
    known = facts_of(person, assurance=assurance, revocation=revocation, test_cards_only=test_cards_only)
    outcome = screen(document("P-001", accepted), known)
    assert _results(outcome)["CARD_AUTO"] == (if_believed if decides else INCONCLUSIVE)
    if not decides:
        assert (outcome.aggregate, _code(outcome)) == ("manual", "E205")


def test_a_person_may_ask_staff_to_look_at_a_failed_check() -> None:
    outcome = screen(document("P-001"), facts_of("TP-09"), requested_review=True)
    assert outcome.aggregate == "manual"
    assert _results(outcome) == {
        "CARD_AUTO": INCONCLUSIVE,
        "POST_REVIEW": PENDING,
        "SUPPORT_MEASURE": PASSED,
    }
    assert _code(outcome) == "E205"
    assert outcome.checks[0].facts["card_said"] == "E201"


def test_asking_for_a_review_changes_nothing_for_somebody_who_passes() -> None:
    asked = screen(document("P-001"), facts_of("TP-02"), requested_review=True)
    assert asked == screen(document("P-001"), facts_of("TP-02"))


@pytest.mark.parametrize("person", ["TP-16C", "TP-09"])
def test_br_31_a_support_measure_makes_everything_manual_and_tells_nothing(person: str) -> None:
    outcome = screen(document("P-008"), facts_of(person, support_measure=True))
    assert (outcome.aggregate, _code(outcome)) == ("manual", "E213")
    assert set(_results(outcome).values()) == {INCONCLUSIVE}
    assert {check.code for check in outcome.checks} == {None, "E213"}
    assert all(not check.facts for check in outcome.checks)


def test_what_staff_or_others_decide_waits_and_never_fails() -> None:
    for policy_id in ("P-003", "P-005", "P-009", "P-012", "P-013", "P-014"):
        for check in screen(document(policy_id), facts_of("TP-22")).checks:
            if check.kind not in (CheckKind.CARD_AUTO, CheckKind.AGE):
                assert check.result is not FAILED
                assert check.result is not PASSED or check.kind is CheckKind.SUPPORT_MEASURE


def test_the_reply_names_a_day_by_which_staff_answer() -> None:
    problem = screen(document("P-001"), facts("あさひ市本町１丁目")).problem
    assert problem is not None
    assert "2026年12月4日ごろ" in problem.wording()


@pytest.mark.parametrize(
    ("birth", "at", "route"),
    [
        (date(2011, 4, 1), "2026-03-31T23:59:59", "guardian"),
        (date(2011, 4, 1), "2026-04-01T00:00:00", "self"),
        (date(2011, 12, 1), "2026-11-30T23:59:59", "guardian"),
        (date(2011, 12, 1), "2026-12-01T00:00:00", "self"),
        (None, "2026-11-20T10:00:00", "self"),
    ],
)
def test_br_25_under_15_the_guardian_applies(birth: date | None, at: str, route: str) -> None:
    assert applicant_route(birth, _at(at)) == route


_subjects = st.sampled_from([document(policy_id) for policy_id in ITEMS])
_addresses = st.sampled_from([address for address, _ in PEOPLE.values()] + ["あさひ市", "", "みらい県"])


@given(
    subject=_subjects,
    address=_addresses,
    birth=st.none() | st.dates(date(1905, 1, 1), date(2026, 11, 20)),
    assurance=st.sampled_from(["attended", "unattended", "outside", "simulated", "staff"]),
    revocation=st.sampled_from(["good", "revoked", "not_checked"]),
    flags=st.tuples(st.booleans(), st.booleans(), st.booleans()),
)
def test_br_32_whatever_is_known_the_outcome_is_consistent_and_holds_nothing_personal(
    subject: PolicyDocument,
    address: str,
    birth: date | None,
    assurance: str,
    revocation: str,
    flags: tuple[bool, bool, bool],
) -> None:
    municipalities.configure(with_samples=True)
    known = Facts(municipalities.resolve(address), birth, assurance, revocation, FIXTURE, *flags[:2])
    outcome = screen(subject, known, requested_review=flags[2])
    results = {check.result for check in outcome.checks}
    assert (outcome.aggregate == "rejected") is (FAILED in results)
    assert (outcome.aggregate == "approved") is (results == {PASSED})
    assert not (FAILED in results and (assurance in ("unattended", "staff") or revocation != "good"))
    if outcome.problem is not None:
        assert "{" not in outcome.problem.wording()
    stored = json.dumps([check.facts for check in outcome.checks], ensure_ascii=False)
    assert len(address) < 10 or address not in stored
    without_birth = screen(subject, Facts(known.address, date(1950, 1, 1), assurance, revocation, FIXTURE, *flags[:2]))
    digests = {check.kind: check.input_digest for check in outcome.checks}
    assert all(digests[check.kind] == check.input_digest for check in without_birth.checks)
