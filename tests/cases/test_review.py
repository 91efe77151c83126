"""審査 by people: the queue, four eyes, questions with a deadline, objections, and what they do to the money."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from app import applications, clock, db, screening
from app.applications import ApplicationState
from app.applications.models import Application
from app.errors import DomainError
from app.policies import CheckKind
from app.screening import CheckMoveRefused, LetterIncomplete, RefusalLetter, ReviewRefused
from app.screening.models import CheckMoved, Inquiry, Ruling
from tests.cases.proposals import read
from tests.cases.town import (
    APPROVER,
    COUNTER,
    EVERYTHING,
    OTHER_REVIEWER,
    REVIEWER,
    apply,
    checks_of,
    counters,
    grants_of,
    open_policy,
    orders,
    refuse,
    resident,
    stored,
)
from tests.conftest import FIXTURE_TIME

pytestmark = pytest.mark.usefixtures("town")

CARD = CheckKind.CARD_AUTO


def doubtful(policy_id: str = "P-001") -> Application:
    """An application whose address does not say which あさひ市, so that staff decide."""
    return stored(apply(resident(address="あさひ市本町１丁目１番"), policy_id))


def moves(application: Application) -> list[tuple[str, str, str | None]]:
    with db.reading() as session:
        rows = session.scalars(
            select(CheckMoved).where(CheckMoved.application_id == application.id).order_by(CheckMoved.id)
        )
        return [(row.action, row.to_state, row.actor) for row in rows]


def test_a_doubtful_case_waits_in_the_queue_and_a_reviewer_takes_it() -> None:
    open_policy()
    application = doubtful()
    with db.reading() as session:
        (waiting,) = applications.review_queue(session, "P-001")
    assert (waiting.kind, waiting.state, waiting.code, waiting.assigned_to) == (CARD, "inconclusive", "E205", None)
    applications.take_check("P-001", application.id, CARD, REVIEWER)
    assert checks_of(application)["CARD_AUTO"] == "assigned"
    assert moves(application) == [("queue", "manual_queue", None), ("take", "assigned", "ST-R1")]
    with pytest.raises(ReviewRefused, match="not_yours"):
        applications.take_check("P-001", application.id, CARD, OTHER_REVIEWER)
    with pytest.raises(ReviewRefused, match="wrong_role"):
        applications.take_check("P-001", application.id, CARD, COUNTER)


def test_the_last_check_to_pass_approves_commits_and_orders() -> None:
    open_policy()
    application = doubtful()
    assert (counters().reserved, counters().ordered, counters().seats_taken) == (10_000, 0, 1)
    applications.take_check("P-001", application.id, CARD, REVIEWER)
    assert applications.pass_check("P-001", application.id, CARD, REVIEWER) is ApplicationState.APPROVED
    assert (counters().reserved, counters().ordered, counters().seats_taken) == (0, 10_000, 1)
    assert [order.amount for order in orders()] == [10_000]
    assert set(checks_of(application).values()) == {"passed"}
    with pytest.raises(ReviewRefused, match="not_yours"):
        applications.pass_check("P-001", application.id, CARD, REVIEWER)
    assert len(orders()) == 1


def test_with_cooling_off_the_order_waits() -> None:
    open_policy(cooling_off_hours=24)
    application = doubtful()
    applications.take_check("P-001", application.id, CARD, REVIEWER)
    applications.pass_check("P-001", application.id, CARD, REVIEWER)
    (grant,) = grants_of(application)
    assert grant.order_at == FIXTURE_TIME + timedelta(hours=24)
    assert (counters().committed, orders()) == (10_000, [])


def test_post_review_waits_for_a_person_by_design_and_passes_by_one() -> None:
    open_policy(
        eligibility__age={"max": 60, "as_of": "application", "rule": "law_age"}, screening=["CARD_AUTO", "POST_REVIEW"]
    )
    application = stored(apply(resident()))
    assert checks_of(application)["POST_REVIEW"] == "pending"
    applications.take_check("P-001", application.id, CheckKind.POST_REVIEW, REVIEWER)
    assert applications.pass_check("P-001", application.id, CheckKind.POST_REVIEW, REVIEWER) == "approved"
    assert [action for action, _, _ in moves(application)] == [
        "start",
        "result_inconclusive",
        "queue",
        "take",
        "decide_passed",
    ]


def test_br_64_a_refusal_needs_two_people_and_states_reason_date_office_and_objection() -> None:
    open_policy(capacity=10, budget=100_000)
    application = doubtful()
    where = ("P-001", application.id, CARD)
    applications.take_check(*where, REVIEWER)
    with pytest.raises(ReviewRefused, match="no_proposal"):
        applications.confirm_refusal(*where, APPROVER, proposal_id=read(*where))
    applications.propose_refusal(*where, REVIEWER, "E201", "住民票がほくと県あさひ市にあることを確認しました。")
    assert stored_state(application) == "screening"
    assert counters().reserved == 10_000
    letter = applications.confirm_refusal(*where, APPROVER, proposal_id=read(*where))
    assert letter.reason == "住民票がほくと県あさひ市にあることを確認しました。"
    assert letter.decided_on == FIXTURE_TIME.date()
    assert letter.office == "みらい県あさひ市 給付担当窓口"
    assert letter.object_by == FIXTURE_TIME.date() + timedelta(days=screening.OBJECTION_DAYS)
    assert "2027年1月19日まで" in letter.objection and letter.office in letter.objection
    assert (stored_state(application), checks_of(application)["CARD_AUTO"]) == ("rejected", "failed")
    assert (counters().reserved, counters().budget, counters().seats_taken) == (0, 100_000, 0)
    with db.reading() as session:
        assert applications.refusal_letters(session, "P-001", application.id) == [letter]


def stored_state(application: Application) -> str:
    with db.reading() as session:
        return session.scalars(select(Application.state).where(Application.id == application.id)).one()


def test_nobody_confirms_their_own_refusal_and_the_database_agrees() -> None:
    open_policy()
    application = doubtful()
    where = ("P-001", application.id, CARD)
    applications.take_check(*where, EVERYTHING)
    applications.propose_refusal(*where, EVERYTHING, "E201", "市外にお住まいです。")
    with pytest.raises(ReviewRefused, match="same_person"):
        applications.confirm_refusal(*where, EVERYTHING, proposal_id=read(*where))
    with pytest.raises(ReviewRefused, match="wrong_role"):
        applications.confirm_refusal(*where, OTHER_REVIEWER, proposal_id=read(*where))
    assert stored_state(application) == "screening"
    with pytest.raises(IntegrityError, match="two_people"), db.transaction() as session:
        session.execute(
            update(Ruling).values(confirmed_by="ST-X", confirmed_at=clock.now(), office="窓口", objection="x")
        )


@pytest.mark.parametrize("missing", ["reason", "office", "objection", "decided_on"])
def test_br_64_a_letter_without_one_of_the_four_cannot_be_made(missing: str) -> None:
    parts = {"reason": "市外", "decided_on": FIXTURE_TIME.date(), "office": "窓口", "objection": "申し出てください。"}
    assert RefusalLetter(**parts, object_by=None)
    with pytest.raises(LetterIncomplete):
        RefusalLetter(**(parts | {missing: "" if missing != "decided_on" else None}), object_by=None)


def test_br_64_without_an_office_nothing_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    open_policy()
    application = doubtful()
    where = ("P-001", application.id, CARD)
    applications.take_check(*where, REVIEWER)
    applications.propose_refusal(*where, REVIEWER, "E201", "市外にお住まいです。")
    monkeypatch.setattr("app.applications.review.office_of", lambda session, policy_id: "")
    with pytest.raises(LetterIncomplete, match="office"):
        applications.confirm_refusal(*where, APPROVER, proposal_id=read(*where))
    assert (stored_state(application), checks_of(application)["CARD_AUTO"]) == ("screening", "assigned")
    with pytest.raises(ValueError, match="reason"):
        applications.propose_refusal(*where, REVIEWER, "E201", "  ")
    with pytest.raises(IntegrityError, match="refusal_is_complete"), db.transaction() as session:
        session.execute(update(Ruling).values(confirmed_by="ST-A1", confirmed_at=clock.now()))


def test_br_57_a_my_number_in_a_reason_or_a_question_is_refused_and_not_kept() -> None:
    open_policy()
    application = doubtful()
    where = ("P-001", application.id, CARD)
    applications.take_check(*where, REVIEWER)
    with pytest.raises(DomainError, match="E309"):
        applications.propose_refusal(*where, REVIEWER, "E201", "番号は123456789018です")
    with pytest.raises(DomainError, match="E309"):
        applications.ask(*where, REVIEWER, "1234-5678-9018 は何ですか", clock.now() + timedelta(days=7))
    with db.reading() as session:
        assert session.scalars(select(Ruling)).all() == session.scalars(select(Inquiry)).all() == []


def test_a_question_waits_for_the_person_and_the_answer_brings_the_check_back() -> None:
    open_policy()
    receipt = apply(who := resident(address="あさひ市本町１丁目１番"))
    application = stored(receipt)
    where = ("P-001", application.id, CARD)
    applications.take_check(*where, REVIEWER)
    applications.ask(*where, REVIEWER, "お住まいの都道府県を教えてください。", clock.now() + timedelta(days=7))
    assert (stored_state(application), checks_of(application)["CARD_AUTO"]) == ("info_requested", "needs_info")
    with db.reading() as session:
        view = applications.view_by_receipt(session, receipt.receipt_no, who.person_id)
    assert view is not None
    assert (view.status.word, view.can_withdraw) == ("確認が必要です", True)
    with db.reading() as session:
        asked = applications.question_to(session, receipt.receipt_no, who.person_id)
        assert applications.question_to(session, receipt.receipt_no, resident().person_id) is None
    assert asked is not None
    assert (asked.question, asked.answer_by) == (
        "お住まいの都道府県を教えてください。",
        clock.now() + timedelta(days=7),
    )
    with pytest.raises(CheckMoveRefused):
        applications.pass_check(*where, REVIEWER)
    assert not applications.answer(receipt.receipt_no, resident().person_id, "みらい県です")
    assert applications.answer(receipt.receipt_no, who.person_id, "みらい県です")
    assert not applications.answer(receipt.receipt_no, who.person_id, "もう一度")
    with db.reading() as session:
        (inquiry,) = screening.inquiries_of(session, "P-001", application.id)
        raw = session.execute(text("SELECT question_enc, answer_enc FROM inquiries")).one()
    assert (inquiry.question, inquiry.answer) == ("お住まいの都道府県を教えてください。", "みらい県です")
    assert "みらい県".encode() not in raw.answer_enc
    assert applications.pass_check(*where, REVIEWER) is ApplicationState.APPROVED


def test_without_an_answer_the_clock_ends_the_application_and_frees_the_seat() -> None:
    open_policy(capacity=5, budget=50_000)
    receipt = apply(who := resident(address="あさひ市本町１丁目１番"))
    application = stored(receipt)
    where = ("P-001", application.id, CARD)
    applications.take_check(*where, REVIEWER)
    applications.ask(*where, REVIEWER, "都道府県を教えてください。", clock.now() + timedelta(days=7))
    with clock.frozen(FIXTURE_TIME + timedelta(days=7)):
        assert applications.lapse_unanswered() == 0
    with clock.frozen(FIXTURE_TIME + timedelta(days=7, seconds=1)):
        assert not applications.answer(receipt.receipt_no, who.person_id, "遅れました")
        assert applications.lapse_unanswered() == 1
        assert applications.lapse_unanswered() == 0
        assert (stored_state(application), counters().seats_taken, counters().budget) == ("lapsed", 0, 50_000)
        again = apply(who)  # BR-13: a lapsed one may be replaced while the policy is open
    assert again.receipt_no != receipt.receipt_no


def test_an_objection_is_looked_at_by_another_reviewer_and_overturned_by_two() -> None:
    open_policy(capacity=1, budget=10_000)
    receipt = apply(who := resident(address="あさひ市本町１丁目１番"))
    application = stored(receipt)
    where = ("P-001", application.id, CARD)
    refuse(application, CARD)
    assert not applications.object_to_refusal(receipt.receipt_no, resident().person_id, "住んでいました。")
    assert applications.object_to_refusal(receipt.receipt_no, who.person_id, "住んでいました。")
    assert (stored_state(application), checks_of(application)["CARD_AUTO"]) == ("re_review", "appealed")
    with pytest.raises(ReviewRefused, match="same_person"):
        applications.propose_on_objection(*where, REVIEWER, "overturn", "")
    applications.propose_on_objection(*where, OTHER_REVIEWER, "overturn", "")
    with pytest.raises(ReviewRefused, match="same_person"):
        applications.confirm_on_objection(*where, Staff_with_both("ST-R2"), proposal_id=read(*where))
    assert applications.confirm_on_objection(*where, APPROVER, proposal_id=read(*where)) is ApplicationState.APPROVED
    assert (counters().seats_taken, counters().ordered) == (1, 10_000)


def Staff_with_both(staff_id: str) -> screening.Staff:
    return screening.Staff(staff_id, frozenset({"reviewer", "approver"}))


def test_overturned_without_a_free_seat_waits_until_the_approver_adds_budget() -> None:
    open_policy(capacity=1, budget=10_000, reopen=True)
    receipt = apply(who := resident(address="あさひ市本町１丁目１番"))
    application = stored(receipt)
    where = ("P-001", application.id, CARD)
    refuse(application, CARD)
    apply(resident())  # somebody else has the only seat now
    assert applications.object_to_refusal(receipt.receipt_no, who.person_id, "住んでいました。")
    applications.propose_on_objection(*where, OTHER_REVIEWER, "overturn", "")
    with pytest.raises(DomainError, match="E209"):
        applications.confirm_on_objection(*where, APPROVER, proposal_id=read(*where))
    assert (stored_state(application), checks_of(application)["CARD_AUTO"]) == ("re_review", "appealed")


def test_an_objection_that_is_upheld_is_final_and_has_its_own_letter() -> None:
    open_policy()
    receipt = apply(who := resident(address="あさひ市本町１丁目１番"))
    application = stored(receipt)
    where = ("P-001", application.id, CARD)
    refuse(application, CARD)
    applications.object_to_refusal(receipt.receipt_no, who.person_id, "住んでいました。")
    with pytest.raises(ValueError, match="reason"):
        applications.propose_on_objection(*where, OTHER_REVIEWER, "uphold", "")
    applications.propose_on_objection(*where, OTHER_REVIEWER, "uphold", "住民票を改めて確認しました。")
    assert (
        applications.confirm_on_objection(*where, APPROVER, proposal_id=read(*where)) is ApplicationState.REJECTED_FINAL
    )
    assert checks_of(application)["CARD_AUTO"] == "upheld"
    with db.reading() as session:
        first, last = applications.refusal_letters(session, "P-001", application.id)
    assert (first.object_by is not None, last.object_by) == (True, None)
    assert "お問い合わせください" in last.objection
    assert not applications.object_to_refusal(receipt.receipt_no, who.person_id, "住んでいました。")


def test_after_the_last_day_nobody_objects() -> None:
    open_policy()
    receipt = apply(who := resident(address="あさひ市本町１丁目１番"))
    refuse(stored(receipt), CARD)
    with clock.frozen(FIXTURE_TIME + timedelta(days=screening.OBJECTION_DAYS + 1)):
        assert not applications.object_to_refusal(receipt.receipt_no, who.person_id, "住んでいました。")
    with clock.frozen(FIXTURE_TIME + timedelta(days=screening.OBJECTION_DAYS)):
        assert applications.object_to_refusal(receipt.receipt_no, who.person_id, "住んでいました。")


def test_br_14_a_suspected_duplicate_is_cleared_by_a_person() -> None:
    open_policy()
    apply(resident("同姓　同名"))
    application = stored(apply(resident("同姓　同名")))
    assert (application.duplicate_suspected, checks_of(application)["POST_REVIEW"]) == (True, "inconclusive")
    applications.take_check("P-001", application.id, CheckKind.POST_REVIEW, REVIEWER)
    assert applications.pass_check("P-001", application.id, CheckKind.POST_REVIEW, REVIEWER) == "approved"
    with db.reading() as session:
        assert session.get_one(Application, ("P-001", application.id)).cleared_by_staff


def test_who_did_what_is_written_once_and_never_changed() -> None:
    open_policy()
    application = doubtful()
    applications.take_check("P-001", application.id, CARD, REVIEWER)
    for statement in ("UPDATE check_moves SET actor = 'x'", "DELETE FROM check_moves", "TRUNCATE check_moves"):
        with pytest.raises(DBAPIError, match="permission denied"), db.transaction() as session:
            session.execute(text(statement))


def test_a_withdrawn_application_is_out_of_the_reviewers_hands() -> None:
    open_policy()
    receipt = apply(who := resident(address="あさひ市本町１丁目１番"))
    application = stored(receipt)
    applications.take_check("P-001", application.id, CARD, REVIEWER)
    applications.withdraw(receipt.receipt_no, who.person_id)
    with pytest.raises(ReviewRefused, match="not_in_review"):
        applications.propose_refusal("P-001", application.id, CARD, REVIEWER, "E201", "市外です。")
    with pytest.raises(ReviewRefused, match="not_in_review"):
        applications.pass_check("P-001", application.id, CARD, REVIEWER)
    with db.reading() as session:
        assert applications.review_queue(session, "P-001") == []
    assert (counters().reserved, counters().committed, counters().seats_taken) == (0, 0, 0)
