"""The keypad page as a person meets it: phone-sized Chromium, with and without JavaScript, and axe-core."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_core_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from nfc.agent.visit import VisitState
from nfc.agent.words import LANGUAGES, Language, plain, say
from tests.nfc_agent.conftest import Scene
from tests.nfc_agent.scripted_card import AUTH_KEY, Card

pytestmark = pytest.mark.browser

PHONE: Any = {"width": 390, "height": 844}
NARROW: Any = {"width": 320, "height": 640}
KEYPAD = """
- heading "暗証番号を入力してください" [level=1]
- textbox "確認番号(数字2桁)"
- textbox "「券面事項入力補助用」の暗証番号(数字4桁)"
- textbox "「利用者証明用」の暗証番号(数字4桁)"
- button "読み取る"
- button "中止する"
"""


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport=PHONE, locale="ja-JP")
    yield context.new_page()
    context.close()


@pytest.fixture
def page_without_javascript(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport=PHONE, locale="ja-JP", java_script_enabled=False)
    yield context.new_page()
    context.close()


def check_page(page: Page, name: str) -> None:
    """axe-core finds nothing, nothing is cut off sideways at 390 and 320 px, targets are big enough; keep a picture."""
    findings = Axe().run(page)["violations"]
    assert [(finding["id"], [node["html"] for node in finding["nodes"]]) for finding in findings] == []
    for size in (NARROW, PHONE):
        page.set_viewport_size(size)
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    for button in page.get_by_role("button").all():
        box = button.bounding_box()
        assert box is not None and box["height"] >= 56 and box["width"] >= 44
    folder = Path("test-output") / "keypad"
    folder.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=folder / f"{name}.png", full_page=True)


def heading(page: Page, text: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(text)


def test_the_way_from_nobody_to_done_by_the_number_keys(scene: Scene, page: Page) -> None:
    page.goto(scene.keypad.url)
    heading(page, "読み取りの受け付け前です")
    check_page(page, "1-idle")

    scene.begin()
    heading(page, "カードを置いてください")  # the page follows by itself
    check_page(page, "2-waiting-card")

    scene.reader.card = Card()
    heading(page, "暗証番号を入力してください")
    for digit in "48":
        page.get_by_role("button", name=digit, exact=True).click()
    assert page.get_by_label("確認番号(数字2桁)").input_value() == "48"
    for digit in "2580":
        page.get_by_role("button", name=digit, exact=True).click()
    for digit in "1479":
        page.get_by_role("button", name=digit, exact=True).click()
    page.get_by_role("button", name="1字消す").click()
    page.get_by_role("button", name="0", exact=True).click()
    text_pin = page.get_by_label("「券面事項入力補助用」の暗証番号(数字4桁)", exact=True)
    assert text_pin.get_attribute("type") == "password"
    page.get_by_role("button", name="「券面事項入力補助用」の暗証番号(数字4桁)を表示する").click()
    assert text_pin.get_attribute("type") == "text"
    assert text_pin.input_value() == "2580"
    check_page(page, "3-waiting-pin")

    page.get_by_role("button", name="読み取る").click()
    heading(page, "読み取りが終わりました")
    check_page(page, "4-done")
    assert scene.result()["outcome"] == "ok"


def test_errors_take_the_focus_and_lead_to_the_field(scene: Scene, page: Page) -> None:
    scene.begin(Card(tries={0x11: 3, AUTH_KEY: 1}))
    scene.until(VisitState.WAITING_PIN)
    page.goto(scene.keypad.url)
    page.get_by_role("button", name="読み取る").click()
    expect(page).to_have_title("エラー:暗証番号を入力してください|カードの読み取り")
    expect(page.locator(".error-summary")).to_be_focused()
    check_page(page, "5-errors")
    page.get_by_role("link", name="「利用者証明用」の暗証番号(数字4桁)を入力してください。").click()
    expect(page.locator("#auth_pin")).to_be_focused()


def test_a_screen_reader_hears_which_number_is_asked_for(scene: Scene, page: Page) -> None:
    """Each field by its whole name, before the keys that fill it; a PIN is never spoken as it is typed."""
    scene.begin(Card())
    scene.until(VisitState.WAITING_PIN)
    page.goto(scene.keypad.url)
    expect(page.locator("main")).to_match_aria_snapshot(KEYPAD)
    assert [page.locator(f"#{name}").get_attribute("type") for name in ("text_pin", "auth_pin")] == ["password"] * 2


def test_a_wrong_pin_is_told_with_the_tries_left(scene: Scene, page: Page) -> None:
    scene.begin(Card())
    scene.until(VisitState.WAITING_PIN)
    page.goto(scene.keypad.url)
    page.get_by_label("確認番号(数字2桁)").fill("48")
    page.get_by_label("「券面事項入力補助用」の暗証番号(数字4桁)", exact=True).fill("2580")
    page.get_by_label("「利用者証明用」の暗証番号(数字4桁)", exact=True).fill("0000")
    page.keyboard.press("Enter")
    heading(page, "暗証番号が違います")
    expect(page.get_by_role("alert")).to_contain_text("あと2回まちがえるとロックされます。")
    check_page(page, "6-wrong-pin")


def test_the_page_works_without_javascript(scene: Scene, page_without_javascript: Page) -> None:
    page = page_without_javascript
    scene.begin(Card())
    scene.until(VisitState.WAITING_PIN)
    page.goto(scene.keypad.url)
    page.locator("#page_number").fill("48")
    page.locator("#text_pin").fill("2580")
    page.locator("#auth_pin").fill("1470")
    page.get_by_role("button", name="読み取る").click()
    heading(page, "読み取りが終わりました")
    assert scene.result()["outcome"] == "ok"


def test_cancelling_by_keyboard_alone(scene: Scene, page: Page) -> None:
    scene.begin(Card())
    scene.until(VisitState.WAITING_PIN)
    page.goto(scene.keypad.url)
    page.get_by_role("button", name="中止する").focus()
    page.keyboard.press("Enter")
    heading(page, "読み取りを中止しました")
    check_page(page, "7-cancelled")
    assert scene.result()["outcome"] == "cancelled"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_passes_the_same_checks(scene: Scene, page: Page, language: Language) -> None:
    scene.begin(Card(tries={0x11: 3, AUTH_KEY: 1}))
    scene.until(VisitState.WAITING_PIN)
    page.goto(scene.keypad.url)
    page.locator(f"button[name=language][value='{language}']").click()
    expect(page).to_have_title(f"{plain(say(language, 'pin.title'))}|{plain(say(language, 'site'))}")
    page.locator("button.primary").click()
    expect(page.locator(".error-summary")).to_be_focused()
    check_page(page, f"8-language-{language}")
    page.locator("#text_pin").focus()
    page.get_by_role("button", name="2", exact=True).click()
    shown = page.get_by_role("button", name=plain(say(language, "key.show.of", label=plain(say(language, "pin.text")))))
    shown.click()
    assert page.locator("#text_pin").input_value() == "2"
    assert page.locator("#text_pin").get_attribute("type") == "text"
