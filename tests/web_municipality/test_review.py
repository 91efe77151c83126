"""The queue of a municipality and its cases: take, decide, ask, refuse with two people, look again, and who may not."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from app import applications, cards, clock, db, people
from app.applications.models import Application
from app.audit import AuditEvent
from app.organisations import Role
from app.policies import CheckKind
from app.screening import ReviewRefused, Staff
from tests.cases.test_cannot_tell import says_not_eligible
from tests.web.service import Browser, Service, heading
from tests.web_counter.hands import signed_in_staff
from tests.web_municipality.reviewing import (
    TOWN,
    a_tiered_policy,
    act,
    apply_for_the_child,
    approver,
    read_proposal,
    reviewer,
    words,
)

OFFICE = Staff("ST-A9", frozenset({"approver"}))


@pytest.fixture
def receipt(browser: Browser) -> str:
    a_tiered_policy()
    return apply_for_the_child(browser)


def application(receipt: str) -> Application:
    with db.reading() as session:
        row = session.scalars(select(Application).where(Application.receipt_no == receipt)).one()
        session.expunge_all()
    return row


def case(browser: Browser, receipt: str) -> str:
    return words(browser.get(f"/review/{receipt}"))


def resident_sees(browser: Browser, receipt: str) -> str:
    return words(browser.get(f"/applications/{receipt}"))


def test_m9_the_queue_names_what_waits_and_who_has_it_and_nobody_by_name(service: Service, receipt: str) -> None:
    desk = reviewer(service)
    assert "審査" in words(desk.get("/counter"))
    queue = words(desk.get("/review"))
    assert receipt in queue and "担当者による確認" in queue and "まだいません" in queue
    assert "三浦" not in queue
    act(desk, receipt, "take")
    assert "ST-R1" in words(desk.get("/review"))


def test_m9_an_empty_queue_says_so(service: Service) -> None:
    assert "審査を待つ申込はありません" in words(reviewer(service).get("/review"))


def test_m9_a_check_is_in_one_hand(service: Service, receipt: str) -> None:
    first, second = reviewer(service), reviewer(service, "ST-R2")
    assert act(first, receipt, "take").status_code == 303
    refused = act(second, receipt, "take")
    assert refused.status_code == 409 and "ほかの担当者が受け持っている" in words(refused)
    assert "条件に合っている" not in case(second, receipt)


def test_br_32_nobody_is_refused_by_one_person_nor_by_the_one_who_proposed(
    service: Service, browser: Browser, receipt: str
) -> None:
    both, _ = signed_in_staff(service, "両方の机", "ST-B1", Role.REVIEWER, Role.APPROVER, town=TOWN)
    act(both, receipt, "take")
    reason = "基準日に町内にお住まいでないことを、住民票で確かめました。"
    assert act(both, receipt, "refuse", code="E201", reason=reason).status_code == 303
    assert "2人目の確認待ち" in words(both.get("/review"))
    own = act(both, receipt, "confirm")
    assert own.status_code == 409 and "別の職員" in words(own)
    assert not says_not_eligible(resident_sees(browser, receipt))
    assert act(reviewer(service), receipt, "confirm").status_code == 403, "a reviewer confirms nothing"
    boss = approver(service)
    assert reason in case(boss, receipt)
    assert act(boss, receipt, "confirm").status_code == 303
    assert says_not_eligible(resident_sees(browser, receipt))
    letter = words(browser.get(f"/applications/{receipt}/refusal"))
    assert reason in letter and "給付担当窓口" in letter


@pytest.mark.parametrize(
    ("what", "fields", "told"),
    [
        ("refuse", {"code": "E201", "reason": " "}, "理由を、1,000文字まで"),
        ("refuse", {"code": "E113", "reason": "理由"}, "どの条件に合わないか"),
        ("refuse", {"code": "E201", "reason": "あ" * 1_001}, "1,000文字まで"),
        ("ask", {"question": "", "answer_by": "2026-12-04"}, "尋ねることを"),
        ("ask", {"question": "お住まいは。", "answer_by": "2026-11-20"}, "返事の期限は、明日から"),
        ("ask", {"question": "お住まいは。", "answer_by": "2027-06-01"}, "60日後まで"),
        ("ask", {"question": "お住まいは。", "answer_by": "あした"}, "返事の期限は"),
    ],
)
def test_what_is_missing_in_a_form_is_told_at_its_field_and_what_was_typed_stays(
    service: Service, receipt: str, what: str, fields: dict[str, str], told: str
) -> None:
    desk = reviewer(service)
    act(desk, receipt, "take")
    answer = act(desk, receipt, what, **fields)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert told in words(answer) and "エラー:" in page
    if what == "ask" and fields["question"]:
        assert fields["question"] in page
    assert application(receipt).state == "screening"


def test_m9_the_person_is_asked_until_a_day_answers_and_the_case_goes_on(
    service: Service, browser: Browser, receipt: str
) -> None:
    desk = reviewer(service)
    act(desk, receipt, "take")
    question = "保護者の方は、4月1日に町内にお住まいでしたか。"
    assert act(desk, receipt, "ask", question=question, answer_by="2026-12-04").status_code == 303
    status = resident_sees(browser, receipt)
    assert "確認が必要です" in status and not says_not_eligible(status)
    assert question in words(browser.get(f"/applications/{receipt}/answer"))
    browser.send(f"/applications/{receipt}/answer", answer="住んでいました。")
    assert "住んでいました。" in case(desk, receipt)
    assert "条件に合っている" in case(desk, receipt), "the reviewer's again"


def test_the_second_person_confirms_what_they_read_and_nothing_else(
    service: Service, browser: Browser, receipt: str
) -> None:
    desk, boss = reviewer(service), approver(service)
    act(desk, receipt, "take")
    act(desk, receipt, "refuse", code="E201", reason="住民票が他の町にあります。")
    read = read_proposal(boss, receipt)
    act(desk, receipt, "refuse", code="E203", reason="対象の年齢ではありません。")
    late = act(boss, receipt, "confirm", proposal=read)
    assert late.status_code == 409 and "別の案になりました" in words(late)
    assert act(boss, receipt, "confirm", proposal="").status_code == 409
    assert not says_not_eligible(resident_sees(browser, receipt))
    assert act(boss, receipt, "confirm").status_code == 303
    assert "対象の年齢ではありません。" in words(browser.get(f"/applications/{receipt}/refusal"))


def test_br_32_a_refusal_proposed_before_the_answer_is_not_confirmed_after_it(
    service: Service, browser: Browser, receipt: str
) -> None:
    desk, boss = reviewer(service), approver(service)
    act(desk, receipt, "take")
    act(desk, receipt, "refuse", code="E201", reason="住民票が他の町にあります。")
    read = read_proposal(boss, receipt)
    assert act(desk, receipt, "ask", question="お住まいは。", answer_by="2026-12-04").status_code == 303
    browser.send(f"/applications/{receipt}/answer", answer="住んでいました。")
    assert act(boss, receipt, "confirm", proposal=read).status_code == 409
    assert not says_not_eligible(resident_sees(browser, receipt))


def test_m9_without_an_answer_by_the_day_it_ends_as_expired_and_not_as_refused(
    service: Service, browser: Browser, receipt: str
) -> None:
    desk = reviewer(service)
    act(desk, receipt, "take")
    act(desk, receipt, "ask", question="お住まいは。", answer_by="2026-12-04")
    with clock.frozen(clock.now() + timedelta(days=14, hours=13, minutes=59)):
        assert applications.lapse_unanswered() == 0, "the day counts to its end (BR-01)"
    with clock.frozen(clock.now() + timedelta(days=15)):
        assert applications.lapse_unanswered() == 1
    assert "期限切れ" in resident_sees(browser, receipt)
    assert act(desk, receipt, "pass").status_code == 409


def test_br_64_an_objection_is_answered_by_somebody_else_and_confirmed_by_a_second(
    service: Service, browser: Browser, receipt: str
) -> None:
    desk, colleague, boss = reviewer(service), reviewer(service, "ST-R2"), approver(service)
    act(desk, receipt, "take")
    act(desk, receipt, "refuse", code="E201", reason="住民票で確かめました。")
    act(boss, receipt, "confirm")
    browser.send(f"/applications/{receipt}/refusal", reason="転出していません。")
    assert "転出していません。" in case(colleague, receipt)
    assert act(colleague, receipt, "objection").status_code == 422
    same = act(desk, receipt, "objection", way="uphold", objection="変わりません。")
    assert same.status_code == 409 and "別の職員" in words(same)
    assert act(colleague, receipt, "objection", way="overturn").status_code == 303
    early = act(boss, receipt, "confirm")
    assert early.status_code == 409 and "出生の記録" in words(early), "an approval needs the amount (BR-29)"
    colleague.send(f"/review/{receipt}/births", day_1="2004-04-02", day_2="2010-06-01")
    assert act(boss, receipt, "confirm").status_code == 303
    assert application(receipt).state == "approved"


def test_promise_7_a_case_is_not_there_for_other_towns_roles_and_people(
    service: Service, browser: Browser, receipt: str
) -> None:
    assert receipt not in words((other := reviewer(service, "ST-R7", "992011")).get("/review"))
    assert other.get(f"/review/{receipt}").status_code == 404
    assert act(other, receipt, "take").status_code == 404
    counter, _ = signed_in_staff(service, "窓口の机", "ST-C1", Role.COUNTER, Role.AUDITOR, town=TOWN)
    assert counter.get("/review").status_code == counter.get(f"/review/{receipt}").status_code == 403
    assert act(counter, receipt, "take").status_code == 403
    assert "審査を待つ" not in words(counter.get("/counter"))
    assert browser.get(f"/review/{receipt}").headers["Location"].endswith("/counter/sign-in")
    assert act(browser, receipt, "take").status_code == 403
    assert application(receipt).state == "screening"
    assert reviewer(service).get("/review/KP-910-XXXX").status_code == 404


@pytest.mark.parametrize("what", ["take", "pass", "refuse", "ask", "confirm", "objection"])
def test_a_check_that_the_case_has_not_is_not_found(service: Service, receipt: str, what: str) -> None:
    staff = approver(service) if what == "confirm" else reviewer(service)
    fields = {"code": "E201", "reason": "理由", "question": "問", "answer_by": "2026-12-04", "way": "overturn"}
    for kind in ("EVENT_QR", "NONSENSE", ""):
        assert act(staff, receipt, what, kind, **fields).status_code == 404


def test_br_31_a_protected_person_is_seen_by_the_office_in_charge_alone(service: Service, receipt: str) -> None:
    row = application(receipt)
    applications.set_support_measure(row.beneficiary_id, OFFICE)
    desk, boss = reviewer(service), approver(service)
    assert receipt not in words(desk.get("/review"))
    assert desk.get(f"/review/{receipt}").status_code == 404
    assert act(desk, receipt, "take").status_code == 404
    assert receipt in words(boss.get("/review"))
    assert boss.get(f"/review/{receipt}").status_code == 200


def test_nobody_decides_on_their_own_application_nor_on_their_childs(service: Service, receipt: str) -> None:
    from app.organisations.models import StaffAccount

    desk, found = reviewer(service), application(receipt)
    with db.transaction() as session:
        guardian = cards.evidence_of(session, found.guardian_evidence_id)
        assert guardian is not None
        of_the_mother = people.fingerprint_of_facts(session, guardian.facts_id)
    for fingerprint in (found.fingerprint, of_the_mother):
        with db.transaction() as session:
            session.get_one(StaffAccount, "ST-R1").own_fingerprint = fingerprint
        assert desk.get(f"/review/{receipt}").status_code == 403
        assert act(desk, receipt, "take").status_code == 403
        with pytest.raises(ReviewRefused):
            applications.take_check(
                found.policy_id, found.id, CheckKind.POST_REVIEW, Staff("ST-R1", frozenset({"reviewer"}))
            )


def test_who_looked_at_a_case_is_on_record_and_the_page_is_kept_nowhere(service: Service, receipt: str) -> None:
    desk = reviewer(service)
    answer = desk.get(f"/review/{receipt}")
    assert answer.headers["Cache-Control"] == "no-store"
    with db.reading() as session:
        looks = session.scalars(select(AuditEvent).where(AuditEvent.action == "application.looked_at")).all()
        assert [(look.actor, look.object_id, look.facts) for look in looks] == [
            ("ST-R1", str(application(receipt).id), {})
        ]
    assert UUID(looks[0].object_id)
    assert heading(answer) == f"{receipt}の審査"
