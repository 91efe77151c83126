"""From the first page to the receipt with the keyboard alone, with scripts and without: as /accessibility promises."""

from __future__ import annotations

import re
from dataclasses import dataclass
from uuid import UUID

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect

from tests.web.page_of import listening
from tests.web.service import ACCOUNT, CODE, Service, person

pytestmark = pytest.mark.browser

MOST_TABS = 80
# What has the focus: its words, and whether one can see that it has it.
FOCUSED = """() => {
  const one = document.activeElement;
  if (one === document.body) return ["", false, false];
  const style = getComputedStyle(one), box = one.getBoundingClientRect();
  const words = [one.innerText, ...[...(one.labels || [])].map((label) => label.innerText)].join(" ");
  const seen = style.outlineStyle !== "none" || style.boxShadow !== "none"
    || (one.matches("input[type=radio], input[type=checkbox]") && one.closest("label, .choice, .checkbox") !== null);
  return [words.replace(/\\s+/g, " ").trim(), seen, box.top >= 0 && box.bottom <= innerHeight];
}"""


@dataclass
class Hands:
    """Somebody who has a keyboard and nothing else."""

    page: Page

    def go_to(self, words: str) -> None:
        """Tab until the control with these words has the focus, which can be seen and is not covered."""
        for _ in range(MOST_TABS):
            self.page.keyboard.press("Tab")
            focused, seen, inside = self.page.evaluate(FOCUSED)
            if words in focused:
                assert seen, f"nothing shows that {words} has the focus"
                assert inside or self.scrolls_into_view(), f"{words} has the focus outside of what one sees"
                return
        pytest.fail(f"no way to {words} by Tab on {self.page.url}")

    def scrolls_into_view(self) -> bool:
        """The browser scrolls to what has the focus a moment after it got it."""
        return any(self.page.evaluate(FOCUSED)[2] for _ in range(50))

    def press(self, words: str) -> None:
        """A link or a button that leads on."""
        self.go_to(words)
        self.enter()

    def enter(self) -> None:
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")

    def tick(self, words: str) -> None:
        self.go_to(words)
        self.page.keyboard.press("Space")

    def type(self, words: str, typed: str) -> None:
        self.go_to(words)
        self.page.keyboard.type(typed)

    def at(self, heading: str) -> None:
        expect(self.page.get_by_role("heading", level=1)).to_contain_text(heading)


@pytest.mark.parametrize("javascript", [True, False], ids=["with scripts", "without scripts"])
def test_from_the_first_page_to_the_receipt(service: Service, chromium: Chromium, javascript: bool) -> None:
    with listening(service) as address:
        context = chromium.new_context(
            viewport={"width": 390, "height": 844}, locale="ja-JP", java_script_enabled=javascript
        )
        hands = Hands(context.new_page())
        page = hands.page
        page.goto(address)
        page.keyboard.press("Tab")
        assert page.evaluate(FOCUSED)[0] == "本文へ移動", "the first stop leads past the header"
        hands.press("あさひ市 くらし応援ポイント")
        hands.at("あさひ市 くらし応援ポイント")
        hands.press("申し込む")
        hands.press("本人確認へ進む")
        hands.type("読み取り機の番号", service.reader.reader_no)
        hands.enter()
        hands.at("読み取り機に、カードを置いてください")
        found = re.search(r"/card-sessions/([0-9a-f-]{36})", page.url)
        assert found
        service.card_was_read(UUID(found[1]), person("TP-29"))
        if not javascript:
            hands.press("画面を更新する")
        expect(page.get_by_role("heading", level=1)).to_contain_text("条件に合うことを確認できました", timeout=15_000)
        hands.press("次へ進む")
        for box in (
            "とどけの利用規約に同意します",
            "実施要綱の内容に同意します",
            "決済サービスへ伝えることに同意します",
        ):
            hands.tick(box)
        hands.press("同意して次へ進む")
        hands.at("どこで受け取りますか")
        hands.tick("みらいPay")
        hands.press("次へ進む")
        hands.type("みらいPay番号", ACCOUNT)
        hands.type("セキュリティコード", CODE)
        hands.press("番号を確かめて次へ")
        hands.at("この内容で申し込みますか")
        hands.tick("付与の手続に入ったあとは")
        hands.press("この内容で申し込む")
        expect(page.locator(".receipt-no")).to_have_text(re.compile(r"P001-\w{4}-\w{4}"))
        context.close()
    assert [row.state for row in service.applications()] == ["approved"]
