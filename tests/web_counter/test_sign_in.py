"""Staff at their terminal's browser: joining, signing in and out, and what stays in the browser."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from app import db
from app.settings import Environment
from tests.organisations.counter import add_clerk
from tests.web.service import Browser, Service, check_is_clear, heading
from tests.web_counter.hands import a_desk, a_terminal, code_for, sign_in, signed_in_staff

COOKIES = {"todoke_desk", "todoke_staff"}


def held(browser: Browser) -> set[str]:
    return {cookie.key for cookie in browser.client._cookies.values()}


def test_without_a_terminal_there_is_no_sign_in(service: Service, browser: Browser) -> None:
    add_clerk()
    for path in ("/counter", "/counter/sign-in"):
        assert browser.get(path, follow_redirects=True).request.path == "/counter/terminal"
    sent = browser.send("/counter/sign-in", staff_id="ST-01", password="x", code="1")
    assert sent.headers["Location"].endswith("/counter/terminal")


def test_a_terminal_joins_and_somebody_signs_in_and_out(service: Service) -> None:
    browser, counter = signed_in_staff(service)
    page = browser.get("/counter").get_data(as_text=True)
    assert counter.terminal.name in page
    assert "窓口 花子" in page
    assert held(browser) >= COOKIES
    browser.send("/counter/sign-out")
    assert "todoke_staff" not in held(browser)
    assert browser.get("/counter").headers["Location"].endswith("/counter/sign-in")


def test_a_token_kept_from_before_the_sign_out_is_worth_nothing(service: Service) -> None:
    browser, _ = signed_in_staff(service)
    kept = browser.client.get_cookie("todoke_staff")
    assert kept is not None
    browser.send("/counter/sign-out")
    browser.client.set_cookie("todoke_staff", kept.value)
    assert browser.get("/counter").status_code == 303


def test_signing_in_gives_a_new_token_each_time(service: Service) -> None:
    """A token that somebody planted before the sign-in (session fixation) is not the one that counts after it."""
    browser, _ = a_desk(service)
    browser.client.set_cookie("todoke_staff", "planted")
    sign_in(browser, add_clerk())
    token = browser.client.get_cookie("todoke_staff")
    assert token is not None
    assert token.value != "planted"


@pytest.mark.parametrize("wrong", ["staff_id", "password", "code"])
def test_whatever_is_wrong_the_answer_is_the_same(service: Service, wrong: str) -> None:
    browser, _ = a_desk(service)
    clerk = add_clerk()
    typed = {"staff_id": clerk.staff_id, "password": clerk.credentials.password.reveal(), "code": clerk.code()}
    answer = browser.send("/counter/sign-in", **(typed | {wrong: "ST-77" if wrong == "staff_id" else "000000"}))
    check_is_clear(answer, 422)
    page = answer.get_data(as_text=True)
    assert "職員番号、パスワード、確認コードのどれかが違うか、いまは使えません。" in page
    assert typed["password"] not in page
    assert typed["code"] not in page


def test_guessing_is_slowed_down_per_number_and_per_address(service: Service, real_time_stands: None) -> None:
    browser, _ = a_desk(service)
    add_clerk()
    answers = [
        browser.send("/counter/sign-in", staff_id="ST-01", password="guess", code="1").status_code for _ in range(21)
    ]
    assert set(answers[:20]) == {422}
    assert answers[20] == 429


def test_terminal_codes_cannot_be_guessed_at_will(service: Service, browser: Browser, real_time_stands: None) -> None:
    answers = [browser.send("/counter/terminal", code="AAAA-AAAA").status_code for _ in range(11)]
    assert set(answers[:10]) == {422}
    assert answers[10] == 429


def test_behind_https_the_cookies_are_bound_to_the_host(https_service: Service) -> None:
    browser, _ = a_desk(https_service)
    sign_in(browser, add_clerk())
    for name in COOKIES:
        cookie = browser.client.get_cookie(f"__Host-{name}", domain="todoke.example.jp")
        assert cookie is not None
        assert (cookie.secure, cookie.http_only, cookie.same_site, cookie.path) == (True, True, "Strict", "/")


def test_a_residents_sign_in_and_staffs_do_not_touch_each_other(service: Service) -> None:
    browser, _ = signed_in_staff(service)
    browser.read_card("TP-02", "/status")
    assert browser.get("/applications").status_code == 200
    assert browser.get("/counter").status_code == 200
    browser.send("/sign-out")
    assert browser.get("/counter").status_code == 200
    assert browser.get("/applications").status_code == 303


def test_the_page_of_staff_says_what_is_missing_before_the_first_visitor(service: Service) -> None:
    browser, counter = signed_in_staff(service)
    page = browser.get("/counter").get_data(as_text=True)
    assert heading(browser.get("/counter")) == "次の方の受付"
    assert "よい: この端末とつながっています。" in page
    with db.transaction() as session:
        session.execute(text("UPDATE counter_terminals SET screen_token_hash = NULL"))
        session.execute(text("UPDATE agents SET last_seen_at = NULL"))
    page = browser.get("/counter").get_data(as_text=True)
    assert "まだつながっていません" in page
    assert "読み取り機のプログラムが動いているか確かめてください" in page
    assert counter.screen.get("/screen/state").status_code == 410


def test_testers_find_passwords_and_codes_in_tests_and_not_in_production(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    clerk = add_clerk()
    a_terminal(service)
    browser = service.browser()
    assert clerk.code() in browser.get("/tester/staff").get_data(as_text=True)
    assert "未発行" not in browser.send("/tester/staff").get_data(as_text=True)
    production = service.settings.model_copy(update={"environment": Environment.PRODUCTION})
    monkeypatch.setitem(service.app.extensions, "todoke", production)
    assert browser.get("/tester/staff").status_code == 404
    assert browser.send("/tester/staff").status_code == 404


def test_a_used_code_joins_no_second_browser(service: Service, browser: Browser) -> None:
    code = code_for(a_terminal(service), "desk")
    assert browser.send("/counter/terminal", code=code).status_code == 303
    check_is_clear(service.browser().send("/counter/terminal", code=code), 422)
