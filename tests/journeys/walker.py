"""A person at a phone-sized browser: the service in one tab, the tester's desk and the reader's keypad in others."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import zxingcpp
from axe_core_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import BrowserContext, Page, expect

from tests.journeys.system import System

OUTPUT = Path("test-output") / "journeys"
PAGE_NUMBER = "確認番号(数字2桁)"
TO_THE_WAYS = re.compile("^本人確認へ進む$|^ほかの読み取り方を見る$")
"""On to the page with all ways of reading a card; where one reader is enough to begin, that is the other button."""
TEXT_PIN = "「券面事項入力補助用」の暗証番号(数字4桁)"
AUTH_PIN = "「利用者証明用」の暗証番号(数字4桁)"


@dataclass
class Person:
    """Walks, and looks hard at every page on the way: axe-core, sideways scroll, console, a picture."""

    system: System
    context: BrowserContext
    name: str
    pages_seen: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page = self.new_tab()

    def new_tab(self) -> Page:
        page = self.context.new_page()
        page.on("console", lambda m: self.complaints.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        return page

    def look(self, title: str, page: Page | None = None) -> None:
        """Check this page as it stands and keep a picture."""
        page = page or self.page
        page.wait_for_load_state("load")
        findings = Axe().run(page)["violations"]
        found = [(finding["id"], [node["html"] for node in finding["nodes"]]) for finding in findings]
        assert found == [], (title, found)
        size: Any = page.viewport_size
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], f"{title} scrolls sideways"
        assert page.locator("h1").count() == 1, title
        folder = OUTPUT / self.name
        folder.mkdir(parents=True, exist_ok=True)
        self.pages_seen.append(title)
        page.screenshot(path=folder / f"{len(self.pages_seen):02d}-{title}.png", full_page=True)

    def heading(self, text: str | re.Pattern[str], page: Page | None = None) -> None:
        expect((page or self.page).get_by_role("heading", level=1)).to_have_text(text, timeout=20_000)

    def search_and_open(self, words: str, title: str) -> None:
        self.page.goto(self.system.url)
        self.look("トップ")
        self.page.get_by_role("searchbox", name="ことば").fill(words)
        self.page.get_by_role("button", name="さがす", exact=True).click()
        self.heading("給付をさがす")
        self.look("検索結果")
        self.page.get_by_role("link", name=title).click()
        self.heading(title)
        self.look("施策")

    def decode_qr(self) -> str:
        """What a phone's camera makes of the code on the page."""
        picture = Image.open(io.BytesIO(self.page.locator(".qr-code").first.screenshot()))
        (code,) = zxingcpp.read_barcodes(picture)
        return str(code.text)

    def begin(self, for_whom: str | None = None) -> None:
        """From the policy to the waiting page; ``for_whom`` is self or child where the policy asks."""
        self.page.get_by_role("link", name="申し込む").first.click()
        self.heading("申し込む前に、3つそろえてください")
        self.look("申し込む前に")
        self.page.get_by_role("button", name=TO_THE_WAYS).click()
        if for_whom is not None:
            self.heading("どなたの分を申し込みますか")
            self.look("どなたの分か")
            self.page.locator(f"input[name=who][value={for_whom}]").check()
            self.page.get_by_role("button", name="次へ進む").click()
        self.heading("マイナンバーカードで本人確認をします")
        self.look("本人確認の方法")
        self.page.get_by_role("button", name="カードを読み取る").click()
        self.heading("読み取り機に、カードを置いてください")
        self.look("読み取りを待つ")

    def lay_card(self, person_id: str) -> None:
        """At the tester's desk."""
        desk = self.new_tab()
        desk.goto(f"{self.system.desk_url}/people/{person_id}")
        self.look("カードデスク", desk)
        desk.get_by_role("button", name="カードを置く").click()
        desk.get_by_text("カードを読み取り機に置きました。").wait_for()
        desk.close()

    def take_card_away(self) -> None:
        desk = self.new_tab()
        desk.goto(self.system.desk_url)
        desk.get_by_role("button", name="カードを取る").click()
        desk.get_by_text("カードは置いてありません。").wait_for()
        desk.close()

    def type_pins(self, text: str, auth: str, ending: str) -> None:
        """On the reader's own keypad page."""
        keypad = self.new_tab()
        keypad.goto(self.system.keypad_url)
        self.heading("暗証番号を入力してください", keypad)
        shown = self.page.locator("#confirmation-digits").inner_text()
        numbers = re.findall(r"\d+", keypad.inner_text("body").replace("12桁", ""))
        assert shown not in numbers, "the number is typed from the other page, not read off this one"
        keypad.get_by_label(PAGE_NUMBER, exact=True).fill(shown)
        self.look("暗証番号の画面", keypad)
        keypad.get_by_label(TEXT_PIN, exact=True).fill(text)
        keypad.get_by_label(AUTH_PIN, exact=True).fill(auth)
        keypad.get_by_role("button", name="読み取る").click()
        self.heading(re.compile(ending), keypad)
        self.look("暗証番号の画面の終わり", keypad)
        keypad.close()

    def read_card(self, person_id: str, text: str = "1234", auth: str = "1234", ending: str = "終わりました") -> None:
        self.lay_card(person_id)
        self.type_pins(text, auth, ending)
        self.take_card_away()

    def consent(self) -> None:
        self.page.get_by_role("button", name="次へ進む").click()
        self.heading("3つの決まりを読んで、同意してください")
        self.look("同意")
        for box in self.page.get_by_role("checkbox").all():
            box.check()
        self.page.get_by_role("button", name="同意して次へ進む").click()

    def choose_service(self, name: str) -> None:
        self.heading("どこで受け取りますか")
        self.look("決済サービス")
        self.page.get_by_role("radio", name=re.compile(name)).check()
        self.page.get_by_role("button", name="次へ進む").click()

    def enter_account(self, service_id: str, account: str, code: str | None = None) -> None:
        self.heading(re.compile("番号を入力してください$"))
        self.look("番号の入力")
        self.page.locator("#account").fill(account)
        field_of_code = self.page.locator("#security_code")
        if field_of_code.count():
            field_of_code.fill(code or self.code_from_the_app(service_id, account))
        self.page.get_by_role("button", name="番号を確かめて次へ").click()

    def code_from_the_app(self, service_id: str, account: str) -> str:
        """What the payment app shows right now."""
        path = f"/v1/services/{service_id}/accounts/{account}/code"
        answer = self.context.request.get(f"{self.system.provider_url}{path}")
        assert answer.ok
        return str(answer.json()["code"])

    def confirm(self) -> None:
        self.heading("この内容で申し込みますか")
        self.look("内容の確認")
        self.page.get_by_role("checkbox").check()
        self.page.get_by_role("button", name="この内容で申し込む").click()
