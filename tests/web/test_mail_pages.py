"""The page for messages by mail: an address, its code, its end; and what is wrong stays on the page."""

from __future__ import annotations

import pytest

from app import db
from app.notifications.address import code_of
from app.notifications.models import Contact
from tests.web.service import Browser, Service
from tests.web.test_guardian_pages import words


@pytest.fixture
def reader(service: Service) -> Browser:
    """Somebody whose card was read."""
    browser = service.browser()
    browser.read_card("TP-02")
    return browser


def code() -> str:
    with db.transaction() as session:
        return code_of(session.query(Contact).one())


def test_from_the_address_to_the_code_to_no_more_mail(reader: Browser, service: Service) -> None:
    assert "登録しなくても申し込めます" in words(reader.get("/mail"))
    assert reader.send("/mail", what="address", address="taro@example.jp").headers["Location"].endswith("/mail")
    page = reader.get("/mail")
    assert "t***@example.jp に確認コードを送りました" in words(page)
    assert "taro@example.jp" not in page.get_data(as_text=True)
    wrong = reader.send("/mail", what="code", code=f"{(int(code()) + 1) % 1_000_000:06d}")
    assert (wrong.status_code, "確認コードが違います" in words(wrong)) == (422, True)
    assert reader.send("/mail", what="code", code=code()).status_code == 303
    assert "t***@example.jp にお知らせを送ります" in words(reader.get("/mail"))
    for _ in range(2):  # double click
        assert reader.send("/mail", what="stop").status_code == 303
    assert service.rows("contacts") == 0


def test_without_a_mail_server_the_page_says_so(reader: Browser) -> None:
    page = reader.get("/mail")
    assert "いまはメールを送れません" in words(page)
    assert 'name="address"' not in page.get_data(as_text=True), "no code would come"


def test_what_is_wrong_is_said_and_a_my_number_is_not_put_back(reader: Browser, service: Service) -> None:
    typed = reader.send("/mail", what="address", address='"><b>x')
    assert (typed.status_code, "のような形で入力" in words(typed)) == (422, True)
    assert "<b>x" not in typed.get_data(as_text=True)
    number = reader.send("/mail", what="address", address="123456789018@example.jp")
    assert number.status_code == 422
    assert "123456789018" not in number.get_data(as_text=True)
    unasked = reader.send("/mail", what="code", code="123456")
    assert (unasked.status_code, "この確認コードは使えません" in words(unasked)) == (422, True)
    assert service.rows("contacts") == 0


def test_nobody_fills_a_mailbox_from_here(reader: Browser, real_time_stands: None) -> None:
    answers = [reader.send("/mail", what="address", address="taro@example.jp").status_code for _ in range(6)]
    assert answers == [303] * 5 + [429]


def test_without_a_card_the_page_leads_to_it_and_another_person_finds_nothing(
    reader: Browser, service: Service
) -> None:
    reader.send("/mail", what="address", address="taro@example.jp")
    assert service.browser().get("/mail").headers["Location"].endswith("/status")
    other = service.browser()
    other.read_card("TP-10")
    assert "example.jp に" not in words(other.get("/mail"))
    assert "この確認コードは使えません" in words(other.send("/mail", what="code", code=code()))


def test_the_receipt_leads_to_the_page(service: Service) -> None:
    from tests.web.test_answer_pages import doubtful

    browser, receipt = doubtful(service)
    assert 'href="/mail"' in browser.get(receipt).get_data(as_text=True)
    assert 'href="/mail"' in browser.get("/applications").get_data(as_text=True)
