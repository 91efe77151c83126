"""One application for each person, one person for each service ID, and staff for those who look alike."""

from __future__ import annotations

import threading
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from app import db, screening
from app.applications import ApplicationState, Receipt, around, submit, withdraw
from app.applications.models import Application
from tests.applications.applicants import (
    Applicant,
    applicant,
    apply,
    by_receipt,
    checks_of,
    counters,
    fill_in,
    grants_of,
    open_policy,
    rows_in,
    stored,
    submitted_count,
)
from tests.applications.submitting import AMOUNT, refusal, sending, together

pytestmark = pytest.mark.usefixtures("installation")


def two_drafts(who: Applicant) -> tuple[UUID, UUID]:
    """What two readings in two tabs can leave: two complete drafts of one person."""

    def belongs_to(draft: UUID, owner: Applicant) -> None:
        with db.transaction() as session:
            both = {"applicant_id": owner.person_id, "beneficiary_id": owner.person_id}
            session.execute(update(Application).where(Application.id == draft).values(both))

    first = fill_in(who)
    belongs_to(first, applicant())  # out of the way while the second is made
    second = fill_in(who)
    belongs_to(first, who)
    return first, second


def test_br_13_a_second_application_is_refused_with_the_number_of_the_first() -> None:
    open_policy()
    who = applicant()
    first = apply(who)
    with refusal("E206") as caught:
        fill_in(who)
    assert caught.value.facts == {"date": "2026-11-20", "no": first.receipt_no}
    assert submitted_count() == 1


def test_br_13_two_drafts_of_one_person_sent_one_after_the_other_make_one_application() -> None:
    open_policy()
    who = applicant()
    first, second = two_drafts(who)
    receipt = submit("P-001", first, who.person_id)
    with refusal("E206") as caught:
        submit("P-001", second, who.person_id)
    assert caught.value.facts["no"] == receipt.receipt_no
    assert (submitted_count(), counters().seats_taken) == (1, 1)


def test_br_13_two_drafts_of_one_person_sent_at_the_same_moment_make_one_application() -> None:
    open_policy()
    for _ in range(3):
        who = applicant()
        seats = counters().seats_taken
        first, second = two_drafts(who)
        results = together(sending(who, first), sending(who, second))
        assert [result for result in results if isinstance(result, str)] == ["E206"]
        assert counters().seats_taken == seats + 1


def test_br_13_a_withdrawn_application_may_be_replaced() -> None:
    open_policy(cooling_off_hours=24, capacity=1, budget=AMOUNT, reopen=True)
    who = applicant()
    first = apply(who, account="1234567890123")
    assert withdraw(first.receipt_no, who.person_id)
    assert (counters().seats_taken, counters().budget) == (0, AMOUNT)
    second = apply(who, account="1234567890123")
    assert second.receipt_no != first.receipt_no
    assert (by_receipt(first).state, by_receipt(second).state) == ("withdrawn", "approved")


def test_br_13_the_same_person_may_apply_for_another_policy() -> None:
    open_policy()
    open_policy("P-101")
    who = applicant()
    assert apply(who).state is apply(who, "P-101").state is ApplicationState.APPROVED


def test_br_14_an_equal_fingerprint_under_another_card_goes_to_staff() -> None:
    open_policy()
    first = apply(applicant("髙橋　恵"))
    alike = applicant("高橋　恵")
    draft = fill_in(alike)
    receipt = submit("P-001", draft, alike.person_id)
    assert (first.state, receipt.state) == (ApplicationState.APPROVED, ApplicationState.SCREENING)
    row = stored(draft)
    assert row.duplicate_suspected
    assert checks_of(draft)["POST_REVIEW"] == "inconclusive"
    with db.reading() as session:
        problems = [check.problem for check in screening.checks_of(session, "P-001", draft)]
    assert [problem.code for problem in problems if problem] == ["E205"]
    assert (grants_of(draft), counters().reserved, counters().seats_taken) == ([], AMOUNT, 2)


def test_br_14_people_who_differ_in_one_of_the_three_are_no_suspicion() -> None:
    open_policy()
    apply(applicant("佐藤　翼", birth_date="19800401", sex="1"))
    for other in ({"name": "佐藤　翔"}, {"birth_date": "19800402"}, {"sex": "2"}):
        values: dict[str, Any] = {"name": "佐藤　翼", "birth_date": "19800401", "sex": "1"} | other
        assert apply(applicant(**values)).state is ApplicationState.APPROVED


def test_br_14_alike_people_at_the_same_moment_are_one_approved_and_one_for_staff(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    open_policy()
    one, other = (applicant("髙橋　恵") for _ in range(2))
    drafts = fill_in(one), fill_in(other)
    look, met, looked = around.who_stands, threading.Barrier(2), threading.local()

    def look_together(session: Any, policy_id: str, drafts: Any) -> Any:
        asked = look(session, policy_id, drafts)

        def answer() -> Any:
            found = asked()
            if not hasattr(looked, "once"):
                looked.once = True
                met.wait(10)
            return found

        return answer

    monkeypatch.setattr(around, "who_stands", look_together)
    results = together(sending(one, drafts[0]), sending(other, drafts[1]))
    states = sorted(result.state for result in results if isinstance(result, Receipt))
    assert states == [ApplicationState.APPROVED, ApplicationState.SCREENING]
    assert sorted(stored(draft).duplicate_suspected for draft in drafts) == [False, True]


def test_br_56_a_service_id_serves_one_person_of_a_policy() -> None:
    open_policy(capacity=10)
    second = applicant()
    draft = fill_in(second, account="1234567890123")
    apply(applicant(), account="1234567890123")
    with refusal("E303"):
        fill_in(applicant(), account="1234567890123")  # told on the page already
    with refusal("E303"):
        submit("P-001", draft, second.person_id)
    assert (stored(draft).state, counters().seats_taken, rows_in("grants")) == (ApplicationState.STARTED, 1, 1)
    fill_in(second, account="2222222222222")
    assert submit("P-001", draft, second.person_id).state is ApplicationState.APPROVED


def test_br_56_at_the_same_moment_too() -> None:
    open_policy()
    first, second = applicant(), applicant()
    drafts = fill_in(first, account="1234567890123"), fill_in(second, account="1234567890123")
    results = together(sending(first, drafts[0]), sending(second, drafts[1]))
    assert [result for result in results if isinstance(result, str)] == ["E303"]
    assert counters().seats_taken == 1


def test_br_56_the_same_person_may_use_it_in_another_policy() -> None:
    open_policy()
    open_policy("P-101")
    who = applicant()
    apply(who, account="1234567890123")
    assert apply(who, "P-101", account="1234567890123").state is ApplicationState.APPROVED
