"""Choosing the service after the submit, changing it before the order, withdrawing: pages and their errors."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from werkzeug.test import TestResponse

from app import clock
from app.points import order_due_grants
from tests.web.service import ACCOUNT, CODE, STEPS, Browser, Service, error_code

LATE = "2027-03-01T00:00:00+09:00"


def to_services(browser: Browser, person: str = "TP-02", steps: str = STEPS) -> None:
    browser.read_card(person, f"{steps}/identity")
    browser.send(f"{steps}/result", action="continue")
    browser.send(f"{steps}/consent", **dict.fromkeys(("agree_todoke", "agree_outline", "agree_service"), "yes"))


def form_token(page: TestResponse) -> str:
    found = re.search(r'name="form_token" value="([^"]+)"', page.get_data(as_text=True))
    assert found
    return found[1]


def leave_for_later(service: Service, person: str = "TP-02", policy_id: str = "P-001") -> tuple[Browser, str]:
    """Somebody who left the choice for later, and the address of the application."""
    browser, steps = service.browser(), f"/policies/{policy_id}/apply"
    to_services(browser, person, steps)
    assert "あとで決済サービスを選ぶ" in browser.get(f"{steps}/service").get_data(as_text=True)
    assert browser.send(f"{steps}/service", service_id="later").headers["Location"].endswith("/confirm")
    page = browser.get(f"{steps}/confirm")
    assert "あとで選びます" in page.get_data(as_text=True)
    sent = browser.send(f"{steps}/confirm", form_token=form_token(page), confirmed="yes")
    return browser, sent.headers["Location"].partition("?")[0]


@pytest.fixture
def later(service: Service) -> tuple[Browser, str]:
    return leave_for_later(service)


def read_back(browser: Browser, own: str, account: str = ACCOUNT) -> TestResponse:
    return browser.send(f"{own}/account?service=SVC-QR-01", account=account, security_code=CODE)


def test_from_the_status_page_to_the_order(later: tuple[Browser, str], service: Service) -> None:
    browser, own = later
    status = browser.get(own).get_data(as_text=True)
    assert "決済サービスを選んでください" in status
    assert f"{own}/service" in status
    chosen = browser.send(f"{own}/service", service_id="SVC-QR-01")
    assert chosen.headers["Location"].endswith("/account?service=SVC-QR-01")
    assert browser.get(chosen.headers["Location"]).status_code == 200
    page = read_back(browser, own)
    text = page.get_data(as_text=True)
    assert "3334" in text
    assert ACCOUNT not in text, "masked, and sealed where it travels with the page"
    assert service.rows("payment_links") == 0, "nothing is stored before it is confirmed"
    token = form_token(page)
    for _ in range(2):  # double click
        sent = browser.send(f"{own}/assign", form_token=token, confirmed="yes")
    assert (service.rows("payment_links"), service.rows("grant_orders")) == (1, 1)
    assert error_code(sent) == "E313"


def test_what_is_wrong_stays_on_its_page(later: tuple[Browser, str], service: Service) -> None:
    browser, own = later
    assert "決済サービスを選んでください" in browser.send(f"{own}/service").get_data(as_text=True)
    assert browser.send(f"{own}/service", service_id="SVC-XX-99").status_code == 422
    assert error_code(browser.get(f"{own}/account?service=SVC-XX-99")) == "E504"
    short = read_back(browser, own, "12")
    assert (short.status_code, "E301" in short.get_data(as_text=True)) == (422, True)
    number = read_back(browser, own, "123456789018")
    assert "123456789018" not in number.get_data(as_text=True)
    token = form_token(read_back(browser, own))
    unread = browser.send(f"{own}/assign", form_token=token)
    assert (unread.status_code, "チェックを入れて" in unread.get_data(as_text=True)) == (422, True)
    for forged in ("", "x", token[:-4] + "AAAA"):
        assert error_code(browser.send(f"{own}/assign", form_token=forged, confirmed="yes")) == "E504"
    assert service.rows("payment_links") == 0


def test_a_page_that_was_read_back_to_one_person_is_worth_nothing_to_another(
    later: tuple[Browser, str], service: Service
) -> None:
    browser, own = later
    token = form_token(read_back(browser, own))
    other = service.browser()
    to_services(other, "TP-29")
    other.send(f"{STEPS}/service", service_id="later")
    page = other.get(f"{STEPS}/confirm")
    theirs = other.send(f"{STEPS}/confirm", form_token=form_token(page), confirmed="yes")
    address = theirs.headers["Location"].partition("?")[0]
    assert error_code(other.send(f"{address}/assign", form_token=token, confirmed="yes")) == "E504"
    for path in ("service", "account?service=SVC-QR-01", "withdraw"):
        assert other.get(f"{own}/{path}").status_code == 404
    assert service.rows("payment_links") == 0


def test_br_49_after_the_deadline_the_pages_say_so(later: tuple[Browser, str]) -> None:
    browser, own = later
    from datetime import datetime

    with clock.frozen(datetime.fromisoformat(LATE)):
        late = browser.get(f"{own}/service")
        assert (error_code(late), "2027年2月28日" in late.get_data(as_text=True)) == ("E405", True)


def test_withdrawing_asks_first_and_the_back_button_does_nothing_twice(
    later: tuple[Browser, str], service: Service
) -> None:
    browser, own = later
    assert "申込を取り下げますか" in browser.get(f"{own}/withdraw").get_data(as_text=True)
    for _ in range(2):
        assert browser.send(f"{own}/withdraw").headers["Location"].endswith(own)
    assert browser.get(f"{own}/withdraw").status_code == 303, "nothing is left to withdraw"
    assert "取下げ" in browser.get(own).get_data(as_text=True)
    assert error_code(browser.get(f"{own}/service")) == "E313"
    (row,) = service.applications()
    assert row.state == "withdrawn"


def test_two_tabs_that_assign_different_services_leave_one_link(later: tuple[Browser, str], service: Service) -> None:
    browser, own = later
    first, second = form_token(read_back(browser, own)), form_token(read_back(browser, own, "5555666677778"))
    assert browser.send(f"{own}/assign", form_token=first, confirmed="yes").status_code == 303
    assert error_code(browser.send(f"{own}/assign", form_token=second, confirmed="yes")) == "E313"
    with clock.frozen(clock.now() + timedelta(days=2)):
        assert order_due_grants() == 0
    assert service.rows("grant_orders") == 1
