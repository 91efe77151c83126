"""The tree of conditions: its form, its faults, its three-valued judgement, its words (BR-08, 16, 17, 18, 21, 32)."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from app import municipalities
from app.errors import DomainError
from app.policies import (
    LANGUAGES,
    Activity,
    All,
    Answer,
    AnyNode,
    AnyOf,
    CheckKind,
    ConditionsDocument,
    LivesIn,
    Not,
    PolicyDocument,
    Received,
    ReceivedEarlier,
    answer_words,
    cannot_tell,
    carry_over_left,
    check_may_be_approved,
    checks_needed,
    conjuncts_of,
    evaluate,
    in_plain_words,
    leaves_of,
    sentences,
    tree_of,
    why_not,
)
from app.policies.conditions_rules import MAX_DEPTH, tree_faults
from app.policies.conditions_schema import schema_text
from app.policies.rules import faults_of
from tests.policies.samples import ITEMS, document, item
from tests.policies.trees import NOTHING_KNOWN, Sheet, hidden_parts, knowing_less, leaves, sheets, trees

MET, UNKNOWN, NOT_MET = Answer.MET, Answer.CANNOT_TELL, Answer.NOT_MET
SCHEMA_FILE = Path(__file__).parents[2] / "docs" / "conditions.schema.json"


def tree(content: dict[str, Any]) -> AnyNode:
    text = json.dumps({"schema_version": 1, "root": content})
    return ConditionsDocument.model_validate_json(text).root


def judged(content: dict[str, Any], **known: Any) -> Answer:
    return evaluate(tree(content), Sheet(**known))[0]


def living(address: str) -> Sheet:
    municipalities.configure(with_samples=True)
    return Sheet(address=municipalities.resolve(address))


# --- judgement ----------------------------------------------------------------------------------------------------

ASAHI = {"kind": "residence", "mode": "card_address_at_application", "codes": ["992011"]}
SOUTH = {"kind": "residence", "mode": "card_address_at_application", "codes": ["991007"]}
ONE_WARD = {"kind": "residence", "mode": "card_address_at_application", "codes": ["991015"]}
ON_A_DAY = {"kind": "residence", "mode": "base_date", "codes": ["992011"], "base_date": "2026-10-01"}
AWAY = {"kind": "residence", "mode": "non_resident", "codes": ["992011"]}


@pytest.mark.parametrize(
    ("content", "address", "answer"),
    [
        (ASAHI, "みらい県あさひ市本町", MET),
        (ASAHI, "ほくと県あさひ市栄町", NOT_MET),
        (ASAHI, "あさひ市本町", UNKNOWN),
        (ASAHI, "", UNKNOWN),
        (AWAY, "みらい県あさひ市本町", NOT_MET),
        (AWAY, "ほくと県あさひ市栄町", MET),
        (AWAY, "あさひ市本町", UNKNOWN),
        ({"kind": "residence", "mode": "prefecture", "codes": ["990001"]}, "みらい県みなみ市港区", MET),
        ({"kind": "residence", "mode": "none"}, "", MET),
        (SOUTH, "みらい県みなみ市港区", MET),
        (ONE_WARD, "みらい県みなみ市港区", NOT_MET),
        ({"kind": "not", "condition": ASAHI}, "みらい県あさひ市本町", NOT_MET),
        ({"kind": "not", "condition": ASAHI}, "あさひ市本町", UNKNOWN),
        (ON_A_DAY, "みらい県あさひ市", UNKNOWN),
        (ASAHI | {"strict": True}, "みらい県あさひ市本町", UNKNOWN),
    ],
)  # fmt: skip
def test_br_18_br_20_br_21_br_24_residence_in_every_mode(content: dict[str, Any], address: str, answer: Answer) -> None:
    assert evaluate(tree(content), living(address))[0] is answer


RANGE = {"kind": "birth_date", "first": "2020-04-02", "last": "2026-04-01"}
FORTY = {"kind": "age", "min": 40, "as_of": "2026-10-01", "rule": "law_age"}
CAP = {"kind": "carry_over_cap", "maximum": 3000, "from_policy": "P-1"}
BASE = {"kind": "residence", "mode": "base_date", "codes": ["992011"], "base_date": "2026-10-01", "by_list": "L-1"}


@pytest.mark.parametrize(
    ("content", "known", "answer"),
    [
        (RANGE, {"birth_date": date(2026, 4, 1)}, MET),
        (RANGE, {"birth_date": date(2026, 4, 2)}, NOT_MET),
        ({"kind": "birth_date", "first": "2020-04-02"}, {}, UNKNOWN),
        (FORTY, {"birth_date": date(1986, 10, 2)}, MET),
        (FORTY, {"birth_date": date(1986, 10, 3)}, NOT_MET),
        ({"kind": "sex", "sex": "female"}, {"sex": "2"}, MET),
        ({"kind": "sex", "sex": "female"}, {"sex": "1"}, NOT_MET),
        ({"kind": "sex", "sex": "female"}, {"sex": "9"}, UNKNOWN),
        ({"kind": "sex", "sex": "female"}, {"sex": "0"}, UNKNOWN),
        ({"kind": "on_list", "list_id": "L-1"}, {"lists": {"L-1": "kana"}}, MET),
        ({"kind": "on_list", "list_id": "L-1"}, {"lists": {"L-1": "weak"}}, UNKNOWN),
        ({"kind": "on_list", "list_id": "L-1"}, {"lists": {"L-1": "several"}}, UNKNOWN),
        ({"kind": "on_list", "list_id": "L-1"}, {"lists": {"L-1": "none"}}, UNKNOWN),
        ({"kind": "on_list", "list_id": "L-1"}, {}, UNKNOWN),
        ({"kind": "not_on_list", "list_id": "L-1"}, {"lists": {"L-1": "none"}}, MET),
        ({"kind": "not_on_list", "list_id": "L-1"}, {"lists": {"L-1": "weak"}}, UNKNOWN),
        ({"kind": "not_on_list", "list_id": "L-1"}, {"lists": {"L-1": "name"}}, NOT_MET),
        ({"kind": "not_on_list", "list_id": "L-1"}, {}, UNKNOWN),
        ({"kind": "received_earlier", "policies": ["P-1"]}, {"received": {"P-1": Received("received", 1)}}, MET),
        ({"kind": "received_earlier", "policies": ["P-1"]}, {"received": {"P-1": Received("none")}}, NOT_MET),
        ({"kind": "received_earlier", "policies": ["P-1"]}, {"received": {"P-1": Received("taken_back")}}, UNKNOWN),
        ({"kind": "received_earlier", "policies": ["P-1", "P-2"]}, {"received": {"P-1": Received("none")}}, UNKNOWN),
        (CAP, {"received": {"P-1": Received("received", 2000)}}, MET),
        (CAP, {"received": {"P-1": Received("received", 3000)}}, NOT_MET),
        (CAP, {}, UNKNOWN),
        ({"kind": "linked_app", "app": "A"}, {"activities": {"A": Activity(True)}}, MET),
        ({"kind": "linked_app", "app": "A"}, {"activities": {"A": Activity(False)}}, NOT_MET),
        ({"kind": "linked_app", "app": "A", "stamps": 5}, {"activities": {"A": Activity(True, 4)}}, NOT_MET),
        ({"kind": "linked_app", "app": "A"}, {}, UNKNOWN),
        ({"kind": "event_attendance", "event": "E"}, {"attendances": {"E": "attended"}}, MET),
        ({"kind": "event_attendance", "event": "E"}, {"attendances": {"E": "wrong_day"}}, UNKNOWN),
        ({"kind": "document_seen", "document": "申告書"}, {"documents_seen": frozenset({"申告書"})}, MET),
        ({"kind": "document_seen", "document": "申告書"}, {}, UNKNOWN),
        ({"kind": "guardian"}, {"birth_date": date(2011, 11, 20)}, MET),
        ({"kind": "guardian"}, {"birth_date": date(2011, 11, 21)}, UNKNOWN),
        ({"kind": "guardian"}, {"birth_date": date(2020, 1, 1), "guardian": "confirmed"}, MET),
        ({"kind": "guardian"}, {"birth_date": date(2020, 1, 1), "guardian": "unconfirmed"}, UNKNOWN),
        ({"kind": "staff_reads", "what": "入学"}, {}, UNKNOWN),
        (BASE, {"lists": {"L-1": "name"}}, MET),
        (BASE, {"lists": {"L-1": "none"}}, UNKNOWN),
    ],
)  # fmt: skip
def test_br_08_br_16_br_17_br_25_br_32_each_kind_of_condition(
    content: dict[str, Any], known: dict[str, Any], answer: Answer
) -> None:
    assert judged(content, **known) is answer


def test_br_17_the_carry_over_is_never_below_zero() -> None:
    assert [carry_over_left(3000, received) for received in (0, 2000, 3000, 4000)] == [3000, 1000, 0, 0]


def test_the_finding_names_the_facts_used_and_no_value_of_the_person() -> None:
    answer, (finding,) = evaluate(tree(ASAHI), living("ほくと県あさひ市栄町"))
    assert (answer, finding.used, finding.reason) == (NOT_MET, ("address",), "lives_elsewhere")
    assert "栄町" not in repr(finding.told)


def test_on_evidence_that_is_not_believed_the_card_says_nothing() -> None:
    both = tree({"kind": "any", "of": [ASAHI, {"kind": "on_list", "list_id": "L-1"}]})
    here = living("みらい県あさひ市")
    assert evaluate(both, here, believed=False)[0] is UNKNOWN
    assert evaluate(both, Sheet(address=here.address, lists={"L-1": "name"}), believed=False)[0] is MET


@given(trees, sheets, hidden_parts)
def test_br_32_knowing_more_never_changes_what_was_certain(node: AnyNode, known: Sheet, hidden: set[str]) -> None:
    before, after = evaluate(node, knowing_less(known, hidden))[0], evaluate(node, known)[0]
    assert before is UNKNOWN or before is after


@given(leaves, sheets)
def test_br_32_no_condition_is_not_met_on_missing_data(leaf: AnyNode, known: Sheet) -> None:
    assert evaluate(leaf, NOTHING_KNOWN)[0] is not NOT_MET
    answer, (finding,) = evaluate(leaf, known)
    if answer is NOT_MET:
        hidden = knowing_less(known, set(finding.used))
        assert evaluate(leaf, hidden)[0] is not NOT_MET


@given(st.lists(leaves, min_size=1, max_size=4), leaves, sheets)
def test_one_more_way_in_never_shuts_anybody_out_and_one_more_demand_never_lets_anybody_in(
    parts: list[AnyNode], more: AnyNode, known: Sheet
) -> None:
    def answer(kind: str, of: list[AnyNode]) -> Answer:
        group = AnyOf(kind="any", of=tuple(of)) if kind == "any" else All(kind="all", of=tuple(of))
        return evaluate(group, known)[0]

    assert answer("any", [*parts, more]) >= answer("any", parts)
    assert answer("all", [*parts, more]) <= answer("all", parts)


@given(trees, sheets)
def test_twice_not_is_once_yes_and_order_does_not_matter(node: AnyNode, known: Sheet) -> None:
    twice = Not(kind="not", condition=Not(kind="not", condition=node))
    assert evaluate(twice, known)[0] is evaluate(node, known)[0]
    if isinstance(node, All | AnyOf):
        backwards = node.model_copy(update={"of": tuple(reversed(node.of))})
        assert evaluate(backwards, known)[0] is evaluate(node, known)[0]


@given(trees, sheets)
def test_the_conjuncts_say_together_what_the_tree_says(node: AnyNode, known: Sheet) -> None:
    assert min(evaluate(part, known)[0] for part in conjuncts_of(node)) is evaluate(node, known)[0]


# --- form and faults ----------------------------------------------------------------------------------------------


@given(trees)
def test_every_tree_survives_being_written_and_read(node: AnyNode) -> None:
    written = ConditionsDocument(schema_version=1, root=node)
    assert ConditionsDocument.model_validate_json(written.model_dump_json()) == written


@pytest.mark.parametrize(
    ("content", "path", "reason"),
    [
        (ASAHI | {"codes": []}, "root.codes", "at least one"),
        (ASAHI | {"codes": ["992012"]}, "root.codes.0", "BR-73"),
        (ASAHI | {"codes": ["990001"]}, "root.codes.0", "no municipality"),
        ({"kind": "residence", "mode": "prefecture", "codes": ["992011"]}, "root.codes.0", "no prefecture"),
        ({"kind": "residence", "mode": "base_date", "codes": ["992011"]}, "root.base_date", "BR-18"),
        ({"kind": "age", "as_of": "application", "rule": "law_age"}, "root", "min or max"),
        ({"kind": "all", "of": [{"kind": "birth_date"}]}, "root.of.0", "first or last"),
        ({"kind": "birth_date", "first": "2026-04-02", "last": "2026-04-01"}, "root.first", "after last"),
        ({"kind": "age", "min": 3, "max": 6, "as_of": "application", "rule": "nendo_end"}, "root.rule", "BR-06"),
        ({"kind": "any", "of": [ASAHI, ASAHI]}, "root.of", "twice"),
        ({"kind": "not", "condition": {"kind": "not", "condition": ASAHI}}, "root.condition", "negation"),
        ({"kind": "not", "condition": {"kind": "guardian"}}, "root.condition", "no opposite"),
    ],
)  # fmt: skip
def test_each_fault_names_its_path_and_the_reason(content: dict[str, Any], path: str, reason: str) -> None:
    municipalities.configure(with_samples=True)
    ((found_path, found_reason),) = tree_faults(tree(content))
    assert (found_path, reason in found_reason) == (path, True)


def test_a_tree_has_limits() -> None:
    node = ASAHI
    for _ in range(MAX_DEPTH + 1):
        node = {"kind": "all", "of": [node]}
    assert any("deeper" in reason for _, reason in tree_faults(tree(node)))


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "residence", "mode": "somewhere", "codes": ["992011"]},
        {"kind": "guess"},
        {"kind": "on_list"},
        {"kind": "age", "min": "40", "as_of": "application", "rule": "law_age"},
        {"kind": "sex", "sex": "female", "more": 1},
        {"kind": "all", "of": []},
    ],
)
def test_what_is_no_tree_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        tree(wrong)
    with pytest.raises(ValidationError, match="schema_version"):
        ConditionsDocument.model_validate_json(json.dumps({"schema_version": 2, "root": ASAHI}))


def test_the_schema_in_the_documentation_is_the_programs_own() -> None:
    assert SCHEMA_FILE.read_text(encoding="utf-8") == schema_text()
    named = json.loads(schema_text())["$defs"]
    assert {"All", "AnyOf", "Not", "LivesIn", "CarryOverCap", "GuardianConfirmed"} <= named.keys()


# --- documents ----------------------------------------------------------------------------------------------------


def by_tree(root: dict[str, Any], **changes: Any) -> PolicyDocument:
    """P-001 with its conditions as a tree."""
    content = item("P-001", {"eligibility": ..., "conditions": {"schema_version": 1, "root": root}, **changes})
    del content["status"]
    return PolicyDocument.model_validate_json(json.dumps(content))


@pytest.mark.parametrize("policy_id", ITEMS)
def test_every_sample_translates_into_a_tree_without_fault(policy_id: str) -> None:
    subject = document(policy_id)
    assert tree_faults(tree_of(subject)) == []
    assert checks_needed(tree_of(subject)) <= {*subject.screening, CheckKind.AGE, CheckKind.GUARDIAN} | (
        {CheckKind.EXCLUSION_LIST} if policy_id == "P-016" else set()
    )


def test_what_eligibility_says_and_what_its_tree_says_are_the_same_conditions() -> None:
    assert tree_of(document("P-005")) == All(
        kind="all",
        of=(
            LivesIn(kind="residence", mode="card_address_at_application", codes=("992038",)),
            Not(kind="not", condition=ReceivedEarlier(kind="received_earlier", policies=("P-004",))),
        ),
    )
    assert tree_of(by_tree(ASAHI)) == LivesIn(kind="residence", mode="card_address_at_application", codes=("992011",))


def test_a_document_gives_its_conditions_once() -> None:
    assert faults_of(by_tree(ASAHI)) == []
    both = item("P-001", {"conditions": {"schema_version": 1, "root": ASAHI}})
    del both["status"]
    assert [field for field, _ in faults_of(PolicyDocument.model_validate_json(json.dumps(both)))] == ["eligibility"]
    neither = item("P-001", {"eligibility": ...})
    del neither["status"]
    faults = faults_of(PolicyDocument.model_validate_json(json.dumps(neither)))
    assert ("eligibility", "Field required, or conditions") in faults


def test_br_18_a_tree_needs_its_checks_declared() -> None:
    assert any("needs CARD_AUTO" in reason for _, reason in faults_of(by_tree(ASAHI, screening=[])))
    assert any(
        "needs EXTERNAL_APP" in reason
        for _, reason in faults_of(by_tree({"kind": "any", "of": [ASAHI, {"kind": "linked_app", "app": "A"}]}))
    )
    (fault,) = faults_of(by_tree(ASAHI | {"codes": []}))
    assert fault[0] == "conditions.root.codes"


@pytest.mark.parametrize("policy_id", ITEMS)
def test_br_18_every_sample_may_be_approved(policy_id: str) -> None:
    check_may_be_approved(document(policy_id))


@pytest.mark.parametrize(
    ("policy_id", "changes"),
    [
        ("P-017", {"screening": ["CARD_AUTO"]}),
        ("P-017", {"eligibility.list": ...}),
        ("P-001", {"screening": []}),
        ("P-020", {"screening": ["EXTERNAL_APP", "POST_REVIEW"]}),
    ],
)
def test_br_18_what_nothing_can_show_is_refused_at_approval(policy_id: str, changes: dict[str, Any]) -> None:
    with pytest.raises(DomainError, match="E609"):
        check_may_be_approved(document(policy_id, changes))


# --- words --------------------------------------------------------------------------------------------------------


@given(trees, st.sampled_from(LANGUAGES))
def test_every_tree_reads_in_three_languages(node: AnyNode, language: Any) -> None:
    texts = [*sentences(node, language), why_not(node, language)]
    assert all(text and "None" not in text and "{" not in text for text in texts)


@given(leaves, st.sampled_from(LANGUAGES))
def test_br_32_cannot_tell_never_reads_as_not_eligible(leaf: AnyNode, language: Any) -> None:
    _, (finding,) = evaluate(leaf, NOTHING_KNOWN)
    text = cannot_tell(finding, language)
    assert text != why_not(leaf, language)
    assert "条件に合いません" not in text and "not met" not in text and "ちがいます" not in text
    assert len({answer_words(answer, language) for answer in Answer}) == 3


def test_words_of_a_tree_with_alternatives() -> None:
    node = tree({
        "kind": "any",
        "of": [
            {"kind": "birth_date", "first": "2020-04-02", "last": "2026-04-01"},
            {"kind": "not", "condition": {"kind": "received_earlier", "policies": ["P-004"]}},
        ],
    })  # fmt: skip
    assert sentences(node) == [
        "次のいずれか: 2020年4月2日から2026年4月1日までに生まれた方、前回までの施策（P-004）で受け取っていない方"
    ]
    assert sentences(Not(kind="not", condition=node), "en") == [
        "all of: not born from 2 Apr 2020 to 1 Apr 2026; received in P-004"
    ]
    assert why_not(tree(ASAHI)) == "「みらい県あさひ市に住んでいる方」という条件に合いません。"
    assert why_not(tree(ASAHI), "en") == "This condition is not met: live in みらい県あさひ市."


def test_a_policy_page_reads_a_tree_aloud() -> None:
    assert "みらい県あさひ市に住んでいる方" in in_plain_words(by_tree(ASAHI))
    assert leaves_of(tree_of(by_tree(ASAHI)))[0].kind == "residence"
