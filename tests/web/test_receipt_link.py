"""The receipt's private link: a code by mail opens the state of one application, and nothing else."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from app import clock, db
from app.notifications.address import code_of
from app.notifications.models import Contact, ViewCode
from app.notifications.view_by_code import view_code_of
from tests.web.service import Browser, Service
from tests.web.test_answer_pages import doubtful
from tests.web.test_guardian_pages import words


@pytest.fixture
def owner(service: Service) -> tuple[Browser, str]:
    """Somebody who applied and reads mail; the number of the receipt."""
    browser, own = doubtful(service)
    browser.send("/mail", what="address", address="taro@example.jp")
    with db.transaction() as session:
        code = code_of(session.query(Contact).one())
    assert browser.send("/mail", what="code", code=code).status_code == 303
    return browser, own


def link_on(page: str) -> str:
    found = re.search(r'href="(/receipt/[^"]+)"', page)
    assert found
    return found[1]


def sent_code() -> str:
    with db.transaction() as session:
        return view_code_of(session.query(ViewCode).one())


def test_the_code_opens_the_state_and_nothing_more(owner: tuple[Browser, str], service: Service) -> None:
    browser, own = owner
    link = link_on(browser.get(own).get_data(as_text=True))
    stranger = service.browser()
    before = stranger.get(link)
    assert "確認が必要です" not in words(before)
    assert stranger.send(link, what="send").status_code == 303
    wrong = stranger.send(link, what="code", code=f"{(int(sent_code()) + 1) % 1_000_000:06d}")
    assert (wrong.status_code, "確認コードが違います" in words(wrong)) == (422, True)
    code = sent_code()
    assert stranger.send(link, what="code", code=code).status_code == 303
    page = stranger.get(link)
    assert "確認が必要です" in words(page)
    assert page.headers["Cache-Control"] == "no-store"
    for hidden in ("6778", "みらいPay", "都道府県", own):
        assert hidden not in page.get_data(as_text=True)
    assert stranger.get(own).headers["Location"].endswith("/status"), "it opens nothing else"
    assert stranger.get("/applications").headers["Location"].endswith("/status")
    again = service.browser().send(link, what="code", code=code)
    assert again.status_code == 422, "a code serves once"


def test_after_a_quarter_of_an_hour_it_is_closed_again(
    owner: tuple[Browser, str], service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser, own = owner
    link = link_on(browser.get(own).get_data(as_text=True))
    reader = service.browser()
    reader.send(link, what="send")
    reader.send(link, what="code", code=sent_code())
    assert "確認が必要です" in words(reader.get(link))
    later = clock.real_now() + timedelta(minutes=15)
    monkeypatch.setattr(clock, "real_now", lambda: later)
    assert "確認が必要です" not in words(reader.get(link))


def test_the_answer_is_the_same_whether_an_address_is_known_or_not(
    owner: tuple[Browser, str], service: Service
) -> None:
    browser, own = owner
    link = link_on(browser.get(own).get_data(as_text=True))
    known = service.browser()
    told = service.rows("messages")
    with_address = (known.send(link, what="send").status_code, words(known.get(f"{link}?asked=1")))
    assert service.rows("messages") == told + 1
    browser.send("/mail", what="stop")
    unknown = service.browser()
    without = (unknown.send(link, what="send").status_code, words(unknown.get(f"{link}?asked=1")))
    assert with_address == without
    assert service.rows("messages") == 0


def test_five_tries_a_code_and_five_codes_an_hour(
    owner: tuple[Browser, str], service: Service, real_time_stands: None
) -> None:
    browser, own = owner
    link = link_on(browser.get(own).get_data(as_text=True))
    reader = service.browser()
    reader.send(link, what="send")
    code = sent_code()
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    for _ in range(5):
        assert reader.send(link, what="code", code=wrong).status_code == 422
    assert "この確認コードは使えません" in words(reader.send(link, what="code", code=code))
    assert [reader.send(link, what="send").status_code for _ in range(5)] == [303] * 4 + [429]


@pytest.mark.parametrize("token", ["x", "IlAwMDEtMDAwMC0wMDAwIg.AAAA", "P001-0000-0000"])
def test_a_link_that_is_not_ours_is_no_page(service: Service, token: str) -> None:
    assert service.browser().get(f"/receipt/{token}").status_code == 404
