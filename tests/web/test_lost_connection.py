"""The connection is lost on the way, in a real browser: nothing is lost, nothing is doubled, and the page says so."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import BrowserContext, Page, expect

from tests.web.page_of import PageOf, context_for, listening
from tests.web.service import STEPS, Browser, Service, person

pytestmark = pytest.mark.browser

SAID = "インターネットにつながっていません。この画面のまま"


@pytest.fixture
def address(service: Service) -> Iterator[str]:
    with listening(service) as address:
        yield address


def opened(chromium: Chromium, address: str, who: Browser, path: str) -> tuple[BrowserContext, Page]:
    """This person's page on a phone, with the offline page kept already."""
    context = context_for(chromium, address, PageOf("", path, who), 390)
    page = context.new_page()
    page.goto(address + path)
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    return context, page


def heading(page: Page) -> str:
    return page.get_by_role("heading", level=1).inner_text()


def test_what_is_sent_without_a_connection_stays_and_is_sent_once(
    service: Service, chromium: Chromium, address: str
) -> None:
    who = service.browser()
    who.to_confirm("TP-29")
    context, page = opened(chromium, address, who, f"{STEPS}/confirm")
    page.get_by_role("checkbox").check()
    context.set_offline(True)
    expect(page.locator("#connection")).to_contain_text(SAID)
    page.get_by_role("button", name="この内容で申し込む").click()
    expect(page.locator("#connection")).to_be_focused()
    assert page.url.endswith("/confirm")
    assert page.get_by_role("checkbox").is_checked(), "what was filled in is there"
    assert [row.state for row in service.applications()] == ["started"], "nothing has left"
    # Opened anew without a connection: the page that says so; with one, the read-back as it was.
    page.reload()
    assert heading(page) == "インターネットにつながっていません"
    expect(page.locator("main")).to_contain_text("申込が2つになることはありません")
    context.set_offline(False)
    page.reload()
    assert heading(page) == "この内容で申し込みますか"
    expect(page.locator("#connection")).to_be_hidden()
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="この内容で申し込む").click()
    expect(page.locator(".receipt-no")).to_be_visible()
    assert [row.state for row in service.applications()] == ["approved"]
    context.close()


def test_while_the_card_is_read_the_page_waits_for_the_connection_and_goes_on(
    service: Service, chromium: Chromium, address: str
) -> None:
    who = service.browser()
    session_id: UUID = who.open_reading()
    context, page = opened(chromium, address, who, f"/card-sessions/{session_id}")
    context.set_offline(True)
    expect(page.locator("#connection")).to_contain_text(SAID)
    service.card_was_read(session_id, person("TP-29"))  # the reader has a connection of its own
    assert heading(page) == "読み取り機に、カードを置いてください"
    context.set_offline(False)
    expect(page.get_by_role("heading", level=1)).to_contain_text("条件に合うことを確認できました", timeout=20_000)
    context.close()


def test_what_was_typed_into_the_number_is_there_after_the_break(
    service: Service, chromium: Chromium, address: str
) -> None:
    who = service.browser()
    who.to_account("TP-29")
    context, page = opened(chromium, address, who, f"{STEPS}/account")
    page.locator("#account").fill("5555555555555")
    page.locator("#security_code").fill("1234")
    context.set_offline(True)
    page.get_by_role("button", name="番号を確かめて次へ").click()
    expect(page.locator("#connection")).to_be_visible()
    context.set_offline(False)
    expect(page.locator("#connection")).to_be_hidden()
    expect(page.locator("#page-status")).to_have_text("つながりました。続けられます。")
    assert page.locator("#account").input_value() == "5555555555555"
    page.get_by_role("button", name="番号を確かめて次へ").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("この内容で申し込みますか")
    context.close()


def test_a_form_that_is_lost_on_the_way_leads_to_the_page_that_says_so_and_doubles_nothing(
    service: Service, chromium: Chromium, address: str
) -> None:
    """The browser believes in its connection, but no answer comes: the form arrived, only nobody knows."""
    who = service.browser()
    token = who.to_confirm("TP-29")
    context, page = opened(chromium, address, who, f"{STEPS}/confirm")
    page.reload()  # from now on the worker stands between
    assert who.send(f"{STEPS}/confirm", form_token=token, confirmed="yes").status_code == 303  # it arrived
    page.evaluate("Object.defineProperty(navigator, 'onLine', {get: () => true})")
    page.get_by_role("checkbox").check()
    context.set_offline(True)
    page.get_by_role("button", name="この内容で申し込む").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("インターネットにつながっていません")
    context.set_offline(False)
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("すでに申し込まれています")
    page.get_by_role("link", name="申込状況を見る").click()
    expect(page.locator(".receipt-no")).to_be_visible()
    assert len(service.applications()) == 1
    context.close()
