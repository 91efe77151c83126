"""A stranger's way from the first page to the receipt, counted: pages, fields, taps, characters, and the time of it.

    .venv/bin/python -m bench.stranger

Somebody who has never seen todoke stands before the first page of the demo on a phone and follows what the pages say:
no address is typed and nothing is known beforehand. Of each page is counted what one needs in order to act (its
heading, the labels of what is filled in, the words on what is pressed, what is copied) and every word that stands
before the last thing used on it. The time is computed from published figures, which are named below: it is that of
people, so this machine's load does not matter, and it has no time in it for the machine.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from playwright.sync_api import BrowserContext, Locator, Page, expect, sync_playwright

from tests.journeys.system import start_system

SILENT_CHARACTERS_A_MINUTE: Final = 357 * 238 / 183
"""Japanese read aloud: 357 characters a minute (Trauzettel-Klosinski and others 2012, IReST, doi:10.1167/iovs.11-8284).
Reading silently is to reading aloud as 238 to 183 words a minute (Brysbaert 2019, doi:10.1016/j.jml.2019.104047)."""

TAP_SECONDS: Final = 1.10 + 0.20
"""To point at something and to press it; Card, Moran, Newell 1980, doi:10.1145/358886.358895 (P, and K of an average
typist)."""

KEY_SECONDS: Final = 0.50
"""A key of something that is no word (same table: random letters)."""

DECISION_SECONDS: Final = 1.35
"""To make up one's mind, once on each page (same table: M)."""

PASTE: Final = "ペースト"
"""What a phone offers over a field that is held down."""

PATIENCE_MS: Final = 30_000

READ_IN_FULL: Final = ("3つの決まりを読んで、同意してください", "この内容で申し込みますか")
"""What one agrees to, and what is read back before it is sent."""

# How much stands in a page before the end of an element.
WORDS: Final = """(last) => {
  let found = 0;
  const walker = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const one = node.parentElement;
    if (!one.checkVisibility({visibilityProperty: true}) || one.closest(".visually-hidden, [aria-hidden=true], script"))
      continue;
    const before = last.compareDocumentPosition(node) & Node.DOCUMENT_POSITION_PRECEDING;
    if (!before && !last.contains(node)) continue;
    found += [...node.textContent.replace(/\\s/g, "")].length;
  }
  return found;
}"""

# How much of an element there is to see: what only a screen reader says is not read.
SEEN_WORDS: Final = """(one) => {
  const copy = one.cloneNode(true);
  for (const unseen of copy.querySelectorAll(".visually-hidden")) unseen.remove();
  return [...copy.textContent.replace(/\\s/g, "")].length;
}"""


@dataclass
class Seen:
    """One page on the way, as far as it was used."""

    title: str
    fields: int = 0
    taps: int = 0
    keys: int = 0
    to_act: int = 0
    every_word: int = 0

    @property
    def with_what_binds(self) -> int:
        """What is read by who reads in full what is agreed to and sent."""
        return self.every_word if self.title in READ_IN_FULL else self.to_act

    def seconds(self, read: int) -> float:
        """What a person needs for it who reads that many characters of it."""
        hands = self.taps * TAP_SECONDS + self.keys * KEY_SECONDS
        return read / SILENT_CHARACTERS_A_MINUTE * 60 + hands + DECISION_SECONDS


@dataclass
class Stranger:
    """Hands and eyes. Whatever is pressed is found by the words on it."""

    page: Page
    pictures: Path | None = None
    seen: list[Seen] = field(default_factory=list)
    now: Seen = field(default_factory=lambda: Seen(""))

    def look(self, heading: str) -> None:
        """A page has come; its heading begins with these words."""
        self.page.locator("h1", has_text=heading).wait_for(timeout=PATIENCE_MS)
        self.now = Seen(_words(self.page.locator("h1").inner_text()))
        self.now.to_act = len(self.now.title)
        self.seen.append(self.now)
        if self.pictures is not None:
            self.pictures.mkdir(parents=True, exist_ok=True)
            name = f"{len(self.seen):02d}-{self.now.title}.png"
            self.page.screenshot(path=self.pictures / name, full_page=True)

    def read(self, last: Locator) -> None:
        """Up to here, from the beginning."""
        self.now.every_word = max(self.now.every_word, last.evaluate(WORDS))

    def press(self, kind: str, words: str) -> None:
        """A link or a button."""
        control = self._control(kind, words)
        self._use(control)
        control.click()

    def press_and_look_there(self, words: str) -> None:
        """A link that opens another window, and that window."""
        link = self._control("link", words)
        self._use(link)
        with self.page.context.expect_page() as opened:
            link.click()
        self.page = opened.value
        self.page.wait_for_load_state()

    def go_back_to(self, page: Page) -> None:
        """The window that was there before."""
        self.now.taps += 1
        self.page = page
        page.bring_to_front()

    def tick(self, label: Locator) -> None:
        """A box, or one of several choices: its own name is enough to choose it."""
        self.now.fields += 1
        title = label.locator(".choice-title")
        self._use(label, title if title.count() else label)
        label.click()

    def key_in(self, label: str, typed: str) -> None:
        """On number keys that the page itself shows, beside the field that they fill in now: it needs no tap."""
        keys = self.page.locator(".number-keys")
        expect(keys.locator("legend")).to_contain_text(label)
        control = self.page.get_by_label(label, exact=True)
        self.read(control)
        self.now.fields += 1
        self.now.keys += len(typed)
        self.now.to_act += len(label) + len(typed)
        for digit in typed:
            keys.get_by_role("button", name=digit, exact=True).click()
        expect(control).to_have_value(typed)

    def paste(self, label: str, copied: str) -> None:
        """What a button copied: a long tap on the field and one on what the phone then offers."""
        control = self.page.get_by_label(label, exact=True)
        self.read(control)
        self.now.fields += 1
        self.now.taps += 2
        self.now.to_act += len(label) + len(PASTE)
        control.focus()
        self.page.keyboard.press("Control+V")
        expect(control).to_have_value(copied)

    def type(self, label: str, typed: str) -> None:
        """What was copied from elsewhere was read there, digit by digit."""
        control = self.page.get_by_label(label, exact=True)
        self.read(control)
        self.now.fields += 1
        self.now.taps += 1
        self.now.keys += len(typed)
        self.now.to_act += len(label) + len(typed)
        control.fill(typed)

    def _use(self, control: Locator, words: Locator | None = None) -> None:
        self.read(control)
        self.now.taps += 1
        self.now.to_act += (words or control).evaluate(SEEN_WORDS)

    def _control(self, kind: str, words: str) -> Locator:
        role = self.page.get_by_role("link" if kind == "link" else "button", name=words)
        return role.first


def _words(text: str) -> str:
    return "".join(text.split())


def walk(context: BrowserContext, first_page: str, pictures: Path | None = None) -> list[Seen]:
    """From the first page, the only address that is given, to the receipt number."""
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    stranger = Stranger(context.new_page(), pictures)
    stranger.page.goto(first_page)
    _find_and_begin(stranger)
    _let_the_card_be_read(stranger)
    _agree_and_choose(stranger)
    _type_the_number(stranger)
    stranger.look("")
    receipt_no = stranger.page.locator(".submitted .nowrap")
    receipt_no.wait_for(timeout=PATIENCE_MS)
    stranger.read(receipt_no)
    stranger.now.to_act += len(receipt_no.inner_text())
    return stranger.seen


def _find_and_begin(stranger: Stranger) -> None:
    stranger.look("まちの給付を、")
    stranger.press("link", "試してみる")
    stranger.look("あさひ市 くらし応援ポイント")
    stranger.press("link", "申し込む")
    stranger.look("申し込む前に")
    stranger.press("button", "カードを読み取る")


def _let_the_card_be_read(stranger: Stranger) -> None:
    stranger.look("読み取り機に、カードを置いてください")
    service = stranger.page
    number = service.locator("#confirmation-digits").inner_text()
    stranger.press_and_look_there("試験用カードデスクを開く")
    stranger.look("試験用カードデスク")
    pins = {_pin_kind(row): row.locator(".pin").inner_text() for row in stranger.page.locator(".usual dl > div").all()}
    stranger.press("button", "さんのカードで試す")
    stranger.look("暗証番号を入力してください")
    stranger.key_in("確認番号(数字2桁)", number)
    stranger.key_in("「券面事項入力補助用」の暗証番号(数字4桁)", pins["券面事項入力補助用"])
    stranger.key_in("「利用者証明用」の暗証番号(数字4桁)", pins["利用者証明用"])
    stranger.press("button", "読み取る")
    stranger.look("読み取りが終わりました")
    stranger.read(stranger.page.get_by_text("続きは、元の画面でお進みください。"))
    stranger.go_back_to(service)


def _pin_kind(row: Locator) -> str:
    label = row.locator("dt").inner_text()
    return next((kind for kind in ("券面事項入力補助用", "利用者証明用") if label.startswith(kind)), label)


def _agree_and_choose(stranger: Stranger) -> None:
    stranger.look("条件に合うことを確認できました")
    stranger.press("button", "次へ進む")
    stranger.look("3つの決まりを読んで、同意してください")
    for words in ("利用規約に", "実施要綱の内容に", "決済サービスへ伝えることに"):
        stranger.tick(stranger.page.locator("label", has_text=words))
    stranger.press("button", "同意して次へ進む")
    stranger.look("どこで受け取りますか")
    stranger.tick(stranger.page.locator("label", has_text="みらいPay").first)
    stranger.press("button", "次へ進む")


def _type_the_number(stranger: Stranger) -> None:
    stranger.look("みらいPayの番号を入力してください")
    page_of_the_number, service = stranger.now, stranger.page
    stranger.press_and_look_there("試験用の決済サービスを開く")
    stranger.look("コードを見る")
    account, code = stranger.page.locator(".code").all()
    shown = account.inner_text(), code.inner_text()
    stranger.press("button", "番号をコピー")
    stranger.page.get_by_role("button", name="コピーしました").wait_for()
    stranger.read(code)
    stranger.go_back_to(service)
    stranger.now = page_of_the_number
    stranger.paste("みらいPay番号", shown[0])
    stranger.type("セキュリティコード", shown[1])
    stranger.press("button", "番号を確かめて次へ")
    stranger.look("この内容で申し込みますか")
    stranger.tick(stranger.page.locator("label", has_text="変更できないことを確認しました"))
    stranger.press("button", "この内容で申し込む")


def total(seen: Iterable[Seen]) -> Seen:
    """The counts of all pages."""
    whole = Seen("all")
    for one in seen:
        for name in ("fields", "taps", "keys", "to_act", "every_word"):
            setattr(whole, name, getattr(whole, name) + getattr(one, name))
    return whole


def table(seen: list[Seen]) -> str:
    """Everything in Markdown."""
    whole = total(seen)
    rows = ["| page | fields | taps | keys | characters to act | every character |", "|---|---:|---:|---:|---:|---:|"]
    for one in (*seen, whole):
        name = f"all {len(seen)} pages" if one is whole else one.title
        counts = (one.fields, one.taps, one.keys, one.to_act, one.every_word)
        rows.append(f"| {name} | {' | '.join(map(str, counts))} |")
    times = {
        "what one needs to act": sum(one.seconds(one.to_act) for one in seen),
        "that, and in full what one agrees to and sends": sum(one.seconds(one.with_what_binds) for one in seen),
        "every word up to what is used": sum(one.seconds(one.every_word) for one in seen),
    }
    rows += ["", "| who reads | needs |", "|---|---:|"]
    return "\n".join([*rows, *(f"| {who} | {time:.0f} s |" for who, time in times.items())])


def main() -> None:
    """Start a demo, walk through it once, stop it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=Path, help="a folder for a picture of each page")
    pictures = parser.parse_args().pictures
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        system = start_system(Path(folder) / "state")
        try:
            chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            with chromium.new_context(viewport={"width": 390, "height": 844}, locale="ja-JP") as context:
                print(table(walk(context, f"{system.url}/", pictures)))
            chromium.close()
        finally:
            system.stop()


if __name__ == "__main__":
    main()
