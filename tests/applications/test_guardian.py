"""BR-25 and BR-26: who applies for a child, how the relation is shown, and what the second guardian learns."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import text

from app import applications, clock, db, screening
from app.applications import ApplicationState
from app.policies import CheckKind
from app.screening import Staff
from tests.applications.applicants import (
    applicant,
    by_receipt,
    checks_of,
    counters,
    fill_in,
    grants_of,
    open_policy,
    rows_in,
    stored,
)
from tests.applications.guardians import (
    HOME,
    PARENT,
    SECOND_HOME,
    SIXTEEN,
    Declaration,
    Reason,
    Relation,
    apply_for,
    begin,
    child,
    declare,
    family_policy,
    fill_in_for,
    parent,
)
from tests.applications.submitting import AMOUNT, at, refusal, sending, together

pytestmark = pytest.mark.usefixtures("installation")

COUNTER, REVIEWER, APPROVER = (
    Staff("ST-C1", frozenset({"counter"})),
    Staff("ST-R1", frozenset({"reviewer"})),
    Staff("ST-A1", frozenset({"approver"})),
)
WITH_REASON = Declaration(Relation.PARENT, Reason.ILLNESS, present=True)


def guardian_check(receipt: applications.Receipt) -> str:
    return checks_of(by_receipt(receipt).id, "P-006")["GUARDIAN"]


def test_br_25_a_parent_of_the_same_home_applies_for_a_child_and_is_believed() -> None:
    family_policy()
    mother, son = parent(), child()
    receipt = apply_for(mother, son)
    row = by_receipt(receipt)
    assert receipt.state is ApplicationState.APPROVED
    assert (row.applicant_id, row.beneficiary_id) == (mother.person_id, son.person_id)
    assert (row.evidence_id, row.guardian_evidence_id) == (son.evidence_id, mother.evidence_id)
    assert guardian_check(receipt) == "passed"
    assert grants_of(row.id)[0].person_id == son.person_id
    assert (counters("P-006").seats_taken, counters("P-006").committed) == (1, AMOUNT)


def test_br_25_a_child_of_14_is_sent_to_the_guardian_and_one_of_15_applies_alone() -> None:
    family_policy()
    boy = child("20111201")
    with clock.frozen(at("2026-11-30T23:59:59")), refusal("E211"):
        fill_in(boy, "P-006")
    with clock.frozen(at("2026-12-01T00:00:00")):
        fill_in(boy, "P-006", service_id="SVC-EM-01")


@pytest.mark.parametrize(
    "said", [PARENT, Declaration(Relation.PARENT, Reason.ILLNESS), Declaration(Relation.PARENT, present=True)]
)
def test_br_25_somebody_of_16_by_a_guardian_without_reason_and_presence_is_refused(said: Declaration) -> None:
    family_policy()
    mother, daughter = parent(), child(SIXTEEN)
    draft = begin(mother, daughter)
    with refusal("E211") as caught:
        declare(mother, draft, said)
    assert "ご本人が申し込んで" in caught.value.wording()
    assert stored(draft).declared_at is None


def test_br_25_with_a_reason_and_the_person_present_staff_look_at_it() -> None:
    family_policy()
    receipt = apply_for(parent(), child(SIXTEEN), said=WITH_REASON)
    assert receipt.state is ApplicationState.SCREENING
    assert guardian_check(receipt) == "pending"
    assert by_receipt(receipt).guardian_reason == "illness"


def test_br_25_a_15th_birthday_between_the_declaration_and_the_submit_counts() -> None:
    family_policy()
    mother, son = parent(), child("20111121")
    with clock.frozen(at("2026-11-20T23:50:00")):
        draft = fill_in_for(mother, son)
    with clock.frozen(at("2026-11-21T00:00:00")), refusal("E211"):
        applications.submit("P-006", draft, mother.person_id)
    with clock.frozen(at("2026-11-20T23:59:59")):
        assert applications.submit("P-006", draft, mother.person_id).state is ApplicationState.APPROVED


def test_br_25_what_was_sent_before_the_15th_birthday_stands_after_it() -> None:
    family_policy()
    son = child("20111121")
    with clock.frozen(at("2026-11-20T23:59:59")):
        receipt = apply_for(parent(), son)
    with clock.frozen(at("2026-11-22T10:00:00")):
        with refusal("E216"):
            fill_in(son, "P-006", service_id="SVC-EM-01")
        assert by_receipt(receipt).state == ApplicationState.APPROVED


def test_br_25_without_the_declaration_nothing_is_sent() -> None:
    family_policy()
    mother, son = parent(), child()
    draft = fill_in_for(mother, son)
    with db.transaction() as session:
        session.execute(text("UPDATE applications SET declared_at = NULL"))
    with refusal("E504"):
        applications.submit("P-006", draft, mother.person_id)


def test_br_25_the_guardians_own_card_twice_is_nobodys_child() -> None:
    family_policy()
    mother = parent()
    with refusal("E112") as caught:
        begin(mother, mother)
    assert "お子さまのカード" in caught.value.wording()


def test_br_25_a_child_is_nobodys_guardian() -> None:
    family_policy()
    with refusal("E211"):
        begin(child("20140101"), child())


def test_a_policy_that_leaves_children_to_another_channel_says_so() -> None:
    family_policy(eligibility__guardian_application="not_offered")
    with refusal("E211") as caught:
        begin(parent(), child())
    assert "担当窓口" in caught.value.wording()


def test_a_guardian_applies_where_the_policy_says_nothing_of_children() -> None:
    open_policy()
    draft = fill_in_for(
        parent(address="みらい県あさひ市本町１丁目１番１号"),
        applicant(birth_date="20150101"),
        "P-001",
        service_id="SVC-EM-01",
    )
    assert stored(draft).guardian_evidence_id is not None


# --- how the relation is shown ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mother", "son", "said"),
    [
        ({"address": SECOND_HOME}, {}, PARENT),
        ({"address": "みらい県あさひ市本町５丁目６番８号"}, {}, PARENT),
        ({"birth_date": "20090101"}, {}, PARENT),
        ({"birth_date": "19880000"}, {}, PARENT),
        ({"assurance": "unattended"}, {}, PARENT),
        ({"revocation": "not_checked"}, {}, PARENT),
        ({}, {"assurance": "unattended"}, PARENT),
        ({}, {}, Declaration(Relation.MINORS_GUARDIAN)),
    ],
    ids=[
        "another home",
        "the next house",
        "a minor",
        "age unknown",
        "reader of nobody",
        "not checked",
        "child's card",
        "guardian by court",
    ],
)
def test_br_32_a_relation_that_the_cards_do_not_show_waits_with_e212_and_refuses_nobody(
    mother: dict[str, str], son: dict[str, str], said: Declaration
) -> None:
    family_policy()
    receipt = apply_for(parent(**mother), child(**son), said=said)
    assert (receipt.state, guardian_check(receipt)) == (ApplicationState.SCREENING, "pending")
    with db.reading() as session:
        row = by_receipt(receipt)
        found = screening.checks_of(session, "P-006", row.id)
        told = next(one.problem for one in found if one.kind is CheckKind.GUARDIAN)
        queue = applications.review_queue(session, "P-006")
    assert told is not None
    assert told.code == "E212"
    assert CheckKind.GUARDIAN in {item.kind for item in queue}, "staff can decide on the declaration, too"


def test_two_ways_of_writing_one_home_are_one_home() -> None:
    family_policy()
    receipt = apply_for(parent(address=HOME), child(address="みらい県あさひ市本町5丁目6番7号"))
    assert guardian_check(receipt) == "passed"


def test_a_document_seen_at_the_counter_lets_what_waits_go_on() -> None:
    family_policy()
    father, son = parent(address=SECOND_HOME), child()
    receipt = apply_for(father, son)
    with pytest.raises(screening.ReviewRefused):
        applications.record_guardianship(son.person_id, father.person_id, REVIEWER)
    applications.record_guardianship(son.person_id, parent().person_id, COUNTER)
    applications.look_again(son.person_id)
    assert guardian_check(receipt) == "pending", "another person's document"
    applications.record_guardianship(son.person_id, father.person_id, COUNTER)
    applications.record_guardianship(son.person_id, father.person_id, COUNTER)  # again changes nothing
    assert applications.look_again(son.person_id) == 1
    assert by_receipt(receipt).state == ApplicationState.APPROVED


def test_a_document_seen_before_serves_every_later_application() -> None:
    family_policy()
    family_policy("P-106")
    father, son = parent(address=SECOND_HOME), child()
    applications.record_guardianship(son.person_id, father.person_id, COUNTER)
    assert apply_for(father, son).state is ApplicationState.APPROVED
    assert apply_for(father, son, "P-106").state is ApplicationState.APPROVED


def test_a_guardianship_that_ended_is_shown_by_no_card_of_the_same_home() -> None:
    family_policy()
    father, son = parent(), child()
    applications.end_guardianship(son.person_id, father.person_id, APPROVER)
    receipt = apply_for(father, son)
    assert guardian_check(receipt) == "pending"


def test_staff_decide_on_the_declaration() -> None:
    family_policy()
    receipt = apply_for(parent(address=SECOND_HOME), child())
    where = ("P-006", by_receipt(receipt).id, CheckKind.GUARDIAN)
    applications.take_check(*where, REVIEWER)
    assert applications.pass_check(*where, REVIEWER) is ApplicationState.APPROVED


# --- two guardians, and what they learn ------------------------------------------------------------------------------


def test_br_26_the_second_guardian_learns_only_that_an_application_exists() -> None:
    family_policy()
    mother, father, son = parent(), parent(address=SECOND_HOME), child()
    first = apply_for(mother, son)
    with refusal("E216") as caught:
        begin(father, son)
    assert caught.value.facts == {}
    assert first.receipt_no not in caught.value.wording()
    with refusal("E206") as own:
        begin(mother, son)
    assert own.value.facts["no"] == first.receipt_no


def test_br_26_two_guardians_at_the_same_moment_one_succeeds_and_the_other_learns_as_little() -> None:
    family_policy()
    for _ in range(4):
        mother, father, son = parent(), parent(address=SECOND_HOME), child()
        drafts = (
            (mother, fill_in_for(mother, son, account=f"1{rows_in('payment_links'):012d}")),
            (father, fill_in_for(father, son, account=f"2{rows_in('payment_links'):012d}")),
        )
        seats = counters("P-006").seats_taken
        results = together(*(sending(who, draft, "P-006") for who, draft in drafts))
        assert [result for result in results if isinstance(result, str)] == ["E216"]
        assert counters("P-006").seats_taken == seats + 1


def test_br_26_after_the_first_withdrew_the_other_guardian_may_apply() -> None:
    family_policy()
    mother, father, son = parent(), parent(address=SECOND_HOME), child()
    receipt = apply_for(mother, son)
    assert applications.withdraw(receipt.receipt_no, mother.person_id)
    assert apply_for(father, son, account="2234567890123").state is ApplicationState.SCREENING


@pytest.mark.parametrize("who", ["father", "son"])
def test_br_26_nobody_but_the_guardian_who_applied_sees_the_application(who: str) -> None:
    family_policy()
    mother, father, son = parent(), parent(address=SECOND_HOME), child()
    receipt = apply_for(mother, son)
    looks = {"father": father, "son": son}[who]  # a child's card and PIN are in some guardian's hands
    with db.reading() as session:
        assert applications.view_by_receipt(session, receipt.receipt_no, looks.person_id) is None
        assert applications.applications_of(session, looks.person_id) == []
    assert not applications.withdraw(receipt.receipt_no, looks.person_id)
    assert not applications.answer(receipt.receipt_no, looks.person_id, "はい")
    assert not applications.object_to_refusal(receipt.receipt_no, looks.person_id, "なぜですか。")


def test_the_guardian_sees_every_childs_application_with_the_childs_name() -> None:
    family_policy()
    mother = parent()
    for number, name in enumerate(("松本　一花", "松本　二葉")):
        apply_for(mother, child(name=name), account=f"{number}234567890123")
    with db.reading() as session:
        views = applications.applications_of(session, mother.person_id)
    assert {view.child_name.reveal() for view in views if view.child_name} == {"松本　一花", "松本　二葉"}


def test_a_child_who_came_of_age_sees_the_application_but_not_the_guardians_wallet() -> None:
    family_policy()
    son = child("20111121")
    receipt = apply_for(parent(), son)
    with clock.frozen(at("2026-11-22T10:00:00")), db.reading() as session:
        view = applications.view_by_receipt(session, receipt.receipt_no, son.person_id)
    assert view is not None
    assert (view.service_name, view.masked_account, view.can_withdraw, view.child_name) == (None, None, False, None)


def test_br_31_with_a_support_measure_the_other_guardian_meets_neutral_words() -> None:
    family_policy()
    mother, father, son = parent(), parent(address=SECOND_HOME), child()
    applications.set_support_measure(son.person_id, APPROVER)
    receipt = apply_for(father, son)
    assert receipt.state is ApplicationState.SCREENING
    with db.reading() as session:
        view = applications.view_by_receipt(session, receipt.receipt_no, father.person_id)
        assert view is not None
        codes = {check.problem.code for check in view.checks if check.problem}
    assert codes == {"E213"}
    with refusal("E216"):
        begin(mother, son)


def test_br_31_a_flag_of_the_guardian_protects_the_child_of_the_same_home() -> None:
    family_policy()
    mother = parent()
    applications.set_support_measure(mother.person_id, APPROVER)
    assert apply_for(mother, child()).state is ApplicationState.SCREENING


# --- drafts ----------------------------------------------------------------------------------------------------------


def test_the_guardians_own_draft_and_each_childs_are_kept_apart() -> None:
    family_policy(eligibility__birthdate_range=["1980-01-01", "2026-11-01"])
    mother, one, two = parent(), child(), child()
    own = fill_in(mother, "P-006", account="9234567890123")
    first, second = fill_in_for(mother, one, account="8234567890123"), fill_in_for(mother, two, account="7234567890123")
    assert len({own, first, second}) == 3
    for draft in (first, own, second):
        assert applications.submit("P-006", draft, mother.person_id).state is ApplicationState.APPROVED
    whose = {stored(draft).beneficiary_id for draft in (own, first, second)}
    assert whose == {mother.person_id, one.person_id, two.person_id}


def test_a_guardian_sends_no_draft_but_their_own() -> None:
    family_policy()
    mother, father, son = parent(), parent(), child()
    draft = fill_in_for(mother, son)
    with refusal("E504"):
        applications.submit("P-006", draft, father.person_id)
    with refusal("E504"):
        applications.submit("P-006", draft, son.person_id)
    with refusal("E504"):
        declare(father, draft)


def test_refused_consent_leaves_nothing_of_the_child_either() -> None:
    family_policy()
    begin(parent(), child())
    mother, son = parent(), child()
    begin(mother, son)
    before = rows_in("person_facts")
    applications.refuse_consent("P-006", mother.person_id)
    assert (rows_in("applications"), rows_in("person_facts")) == (1, before - 2)


def test_the_database_refuses_a_guardians_application_without_the_guardians_card() -> None:
    family_policy()
    draft = fill_in_for(parent(), child())
    with pytest.raises(Exception, match="guardian_has_evidence"), db.transaction() as session:
        session.execute(text("UPDATE applications SET guardian_evidence_id = NULL WHERE id = :id"), {"id": draft})


def test_the_audit_names_neither_the_child_nor_the_guardian() -> None:
    family_policy()
    mother, son = parent(), child()
    apply_for(mother, son)
    applications.record_guardianship(son.person_id, mother.person_id, COUNTER)
    with db.reading() as session:
        written = json.dumps([list(map(str, row)) for row in session.execute(text("SELECT * FROM audit_events"))])
    assert str(mother.person_id) not in written
    assert str(son.person_id) not in written
