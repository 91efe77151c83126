"""A question of staff on the resident's pages: read, answered, refused with a My Number, closed when too late."""

from __future__ import annotations

from datetime import timedelta

from app import applications, clock
from app.policies import CheckKind
from app.screening import Staff
from tests.web.service import Browser, Service, error_code
from tests.web.test_guardian_pages import words

REVIEWER = Staff("ST-R1", frozenset({"reviewer"}))
QUESTION = "お住まいの都道府県を教えてください。"


def doubtful(service: Service, person_id: str = "TP-11", account: str = "5555666677778") -> tuple[Browser, str]:
    """Somebody whose card names another town asked for a review, and staff ask back: the page of the application."""
    browser = service.browser()
    assert browser.read_card(person_id).headers["Location"].endswith("/result")
    steps = "/policies/P-001/apply"
    browser.send(f"{steps}/result", action="request_review")
    ticks = dict.fromkeys(("agree_todoke", "agree_outline", "agree_service"), "yes")
    browser.send(f"{steps}/consent", **ticks)
    browser.send(f"{steps}/service", service_id="SVC-QR-01")
    browser.send(f"{steps}/account", account=account, security_code="1234")
    page = browser.get(f"{steps}/confirm").get_data(as_text=True)
    token = page.partition('name="form_token" value="')[2].partition('"')[0]
    sent = browser.send(f"{steps}/confirm", form_token=token, confirmed="yes")
    receipt = sent.headers["Location"].partition("?")[0]
    number = receipt.rpartition("/")[2]
    (row,) = (one for one in service.applications() if one.receipt_no == number)
    applications.take_check("P-001", row.id, CheckKind.CARD_AUTO, REVIEWER)
    deadline = clock.now() + timedelta(days=7)
    applications.ask("P-001", row.id, CheckKind.CARD_AUTO, REVIEWER, QUESTION, deadline)
    return browser, receipt


def test_the_status_page_leads_to_the_question_and_the_answer_brings_the_review_back(service: Service) -> None:
    browser, receipt = doubtful(service)
    page = browser.get(receipt)
    assert "確認が必要です" in words(page)
    assert f'href="{receipt}/answer"' in page.get_data(as_text=True)
    shown = words(browser.get(f"{receipt}/answer"))
    assert QUESTION in shown
    assert "11月27日" in shown
    assert browser.send(f"{receipt}/answer", answer="ほくと県です").headers["Location"].endswith(receipt)
    assert "審査中" in words(browser.get(receipt))
    assert browser.get(f"{receipt}/answer").status_code == 303, "nothing is asked any more"


def test_br_57_an_answer_with_a_my_number_is_refused_and_not_put_back(service: Service) -> None:
    browser, receipt = doubtful(service)
    for typed in ("", " ", "あ" * 1_001, "1234-5678-9018"):
        refused = browser.send(f"{receipt}/answer", answer=typed)
        assert refused.status_code == 422
    assert "1234-5678-9018" not in refused.get_data(as_text=True)
    assert "マイナンバー(12桁)は入力しないで" in words(refused)
    assert service.applications()[0].state == "info_requested"


def test_an_answer_after_the_last_moment_changes_nothing(service: Service) -> None:
    browser, receipt = doubtful(service)
    with clock.frozen(clock.now() + timedelta(days=7, seconds=1)):
        assert browser.send(f"{receipt}/answer", answer="ほくと県です").status_code == 303
        assert applications.lapse_unanswered() == 1
        assert "期限切れ" in words(browser.get(receipt))


def test_a_question_is_shown_to_nobody_else(service: Service) -> None:
    _, receipt = doubtful(service)
    stranger = service.browser()
    assert stranger.get(f"{receipt}/answer").status_code == 404
    stranger.read_card("TP-02", "/status")
    assert stranger.get(f"{receipt}/answer").status_code == 404
    assert stranger.send(f"{receipt}/answer", answer="はい").status_code == 404
    assert error_code(stranger.get("/policies/P-001/apply/result")) == "E504"
