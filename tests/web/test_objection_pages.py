"""BR-64: a refusal states reason, date, office and how to object, and the person objects on that page, in time."""

from __future__ import annotations

from datetime import timedelta

from app import applications, clock, db, screening
from app.policies import CheckKind
from app.screening import Staff
from tests.cases.proposals import read
from tests.web.service import Browser, Service
from tests.web.test_answer_pages import doubtful
from tests.web.test_guardian_pages import words

REVIEWER, OTHER = Staff("ST-R1", frozenset({"reviewer"})), Staff("ST-R2", frozenset({"reviewer"}))
APPROVER = Staff("ST-A1", frozenset({"approver"}))
REASON = "基準日に市内にお住まいでないことを確認しました。"
WHY = "3月に引っ越して、住民票も移しました。"
CARD = CheckKind.CARD_AUTO


def refused(service: Service, person_id: str = "TP-11", account: str = "5555666677778") -> tuple[Browser, str]:
    """Somebody whose application two people refused: the page of the application."""
    browser, receipt = doubtful(service, person_id, account)
    (row,) = (one for one in service.applications() if one.receipt_no == receipt.rpartition("/")[2])
    where = ("P-001", row.id, CARD)
    applications.answer(receipt.rpartition("/")[2], row.applicant_id, "あさひ市です。")
    applications.propose_refusal(*where, REVIEWER, "E201", REASON)
    applications.confirm_refusal(*where, APPROVER, proposal_id=read(*where))
    return browser, receipt


def test_br_64_the_status_page_leads_to_the_letter_with_its_four_parts(service: Service) -> None:
    browser, receipt = refused(service)
    assert f'href="{receipt}/refusal"' in browser.get(receipt).get_data(as_text=True)
    shown = words(browser.get(f"{receipt}/refusal"))
    last_day = clock.today() + timedelta(days=screening.OBJECTION_DAYS)
    for part in (REASON, "2026年11月20日", "給付担当窓口", f"{last_day.month}月{last_day.day}日", "再審査を求める"):
        assert part in shown, part


def test_br_64_who_was_refused_is_not_told_that_a_check_will_begin(service: Service) -> None:
    browser, receipt = doubtful(service, "TP-11", "5555666677778")
    assert "これから確認します" in words(browser.get(receipt)), "the second check waits for the first"
    browser, receipt = refused(service, "TP-20", "2222333344445")
    shown = words(browser.get(receipt))
    assert "条件に合いません" in shown
    assert "これから確認します" not in shown


def test_br_64_an_objection_reaches_the_queue_in_the_persons_own_words(service: Service) -> None:
    browser, receipt = refused(service)
    assert browser.send(f"{receipt}/refusal", reason=WHY).headers["Location"].endswith(receipt)
    assert "再審査中" in words(browser.get(receipt))
    (row,) = service.applications()
    with db.reading() as session:
        waiting = next(one for one in applications.review_queue(session, "P-001") if one.kind is CARD)
        objection = applications.objection_to(session, "P-001", row.id)
    assert (waiting.kind, waiting.state, waiting.assigned_to) == (CARD, "appealed", None)
    assert objection == screening.Objection(WHY, clock.now())
    assert browser.get(f"{receipt}/refusal").status_code == 303, "nothing stands refused now"
    again = browser.send(f"{receipt}/refusal", reason="もう一度")
    assert again.status_code == 303, "pressed twice: one objection"
    with db.reading() as session:
        assert applications.objection_to(session, "P-001", row.id) == objection


def test_br_57_an_objection_without_a_reason_or_with_a_my_number_is_refused_and_nothing_is_kept(
    service: Service,
) -> None:
    browser, receipt = refused(service)
    for typed in ("", " ", "あ" * 1_001):
        answered = browser.send(f"{receipt}/refusal", reason=typed)
        assert answered.status_code == 422
        assert "エラー: 決定のお知らせ" in words(answered) and "1,000文字までで" in words(answered)
    answered = browser.send(f"{receipt}/refusal", reason="番号は１２３４ ５６７８ ９０１８です")
    assert answered.status_code == 422
    assert "９０１８" not in answered.get_data(as_text=True)
    assert "マイナンバー(12桁)は入力しないで" in words(answered)
    (row,) = service.applications()
    assert row.state == "rejected"
    with db.reading() as session:
        assert applications.objection_to(session, "P-001", row.id) is None


def test_br_64_after_the_last_day_the_page_says_so_and_takes_nothing(service: Service) -> None:
    browser, receipt = refused(service)
    with clock.frozen(clock.now() + timedelta(days=screening.OBJECTION_DAYS)):
        browser.read_card("TP-11", "/status")
        assert "求めることができます" in words(browser.get(f"{receipt}/refusal"))
    with clock.frozen(clock.now() + timedelta(days=screening.OBJECTION_DAYS + 1)):
        browser.read_card("TP-11", "/status")
        shown = browser.get(f"{receipt}/refusal")
        assert "まででした" in words(shown)
        assert "<form" not in shown.get_data(as_text=True).partition("<main")[2].partition("</main")[0]
        late = browser.send(f"{receipt}/refusal", reason=WHY)
        assert late.headers["Location"].endswith("/refusal")
        assert service.applications()[0].state == "rejected"


def test_br_64_what_was_upheld_is_a_letter_without_a_form(service: Service) -> None:
    browser, receipt = refused(service)
    browser.send(f"{receipt}/refusal", reason=WHY)
    (row,) = service.applications()
    where = ("P-001", row.id, CARD)
    applications.propose_on_objection(*where, OTHER, "uphold", "住民票を改めて確認しました。")
    applications.confirm_on_objection(*where, APPROVER, proposal_id=read(*where))
    shown = words(browser.get(f"{receipt}/refusal"))
    assert "住民票を改めて確認しました。" in shown and "再審査を終えた決定です" in shown
    assert "再審査を求める" not in shown


def test_a_refusal_is_shown_to_nobody_else(service: Service) -> None:
    _, receipt = refused(service)
    stranger = service.browser()
    assert stranger.get(f"{receipt}/refusal").status_code == 404
    stranger.read_card("TP-02", "/status")
    assert stranger.get(f"{receipt}/refusal").status_code == 404
    assert stranger.send(f"{receipt}/refusal", reason=WHY).status_code == 404
    assert service.applications()[0].state == "rejected"


def test_the_letter_in_english_and_in_plain_japanese(service: Service) -> None:
    browser, receipt = refused(service)
    english = words(browser.get(f"{receipt}/refusal?lang=en"))
    assert "20 November 2026" in english and REASON in english and "look at it again" in english
    plain = browser.get(f"{receipt}/refusal?lang=ja@easy").get_data(as_text=True)
    assert "<ruby>" in plain
