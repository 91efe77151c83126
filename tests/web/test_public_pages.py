"""The public pages in a real browser: nothing for axe-core to find, no sideways scroll, no JavaScript needed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_core_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.web.page_of import listening
from tests.web.service import Service

pytestmark = pytest.mark.browser

OUTPUT = Path("test-output") / "public"
PAGES = {
    "search": "/policies",
    "search-filtered": "/policies?municipality=992011&category=childcare_education&amount=5000",
    "search-which-place": "/policies?place=あさひ市",
    "search-no-place": "/policies?place=どこにもない町",
    "search-nothing": "/policies?keyword=該当なし",
    "home": "/",
    "policy": "/policies/P-001",
    "check": "/policies/P-006/check",
}


@pytest.fixture
def address(service: Service) -> Iterator[str]:
    """Where the service of this process listens."""
    with listening(service) as address:
        yield address


def look(page: Page, name: str) -> None:
    findings = Axe().run(page)["violations"]
    assert [(found["id"], [node["html"] for node in found["nodes"]]) for found in findings] == [], name
    size = page.viewport_size
    assert size is not None
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], f"{name} scrolls sideways"
    assert page.locator("h1").count() == 1, name
    OUTPUT.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=OUTPUT / f"{name}-{size['width']}.png", full_page=True)


@pytest.mark.full
def test_every_public_page_is_accessible_on_phones_and_desks(address: str, chromium: Browser) -> None:
    for width in (320, 390, 1280):
        page = chromium.new_page(viewport={"width": width, "height": 844}, locale="ja-JP")
        for name, path in PAGES.items():
            page.goto(address + path)
            if name.startswith("search"):
                for summary in page.locator("details > summary").all():
                    summary.click()
            look(page, name)
        page.close()


@pytest.mark.parametrize("javascript", [True, False])
def test_the_self_check_with_and_without_javascript(address: str, chromium: Browser, javascript: bool) -> None:
    phone = {"width": 390, "height": 844}
    context = chromium.new_context(viewport=phone, locale="ja-JP", java_script_enabled=javascript)
    page = context.new_page()
    page.goto(f"{address}/policies/P-001")
    page.get_by_role("link", name="自分が対象か確かめる").click()
    page.get_by_role("button", name="確かめる").click()
    assert page.title().startswith("エラー: ")
    assert page.get_by_role("alert").get_by_role("link").count() == 4
    for question in page.get_by_role("group").all():
        question.get_by_role("radio", name="はい").check()
    page.get_by_role("button", name="確かめる").click()
    assert page.get_by_role("heading", name="条件に合いそうです").is_visible()
    assert page.get_by_role("link", name="申し込む").get_attribute("href") == "/policies/P-001/apply"
    page.get_by_role("group").first.get_by_role("radio", name="いいえ").check()
    page.get_by_role("button", name="確かめる").click()
    assert page.get_by_role("heading", name="条件に合わないようです").is_visible()
    if javascript:
        look(page, "check-not-now")
    assert context.cookies() == []
    context.close()
