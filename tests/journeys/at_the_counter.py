"""Both sides of a counter in real browsers: the desk, the resident's screen, and the hands that lay cards down."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

import psycopg
from playwright.sync_api import Browser, Page, StorageState, expect

from tests.journeys.system import System
from tests.journeys.walker import AUTH_PIN, OUTPUT, PAGE_NUMBER, TEXT_PIN, Person

PATIENCE = 20_000
# What is said about how the visit before ended stays for two minutes; it names nobody.
WAITING_SCREEN = re.compile("係の者がお呼びするまで|この画面での手続は終わりました")
Joined = tuple[StorageState, StorageState]


@dataclass
class AtTheCounter:
    """Both sides of one counter, each a browser of its own, and the hands that lay cards and type PINs."""

    system: System
    desk: Person
    screen: Person

    def set_up(self) -> None:
        """The terminal's browsers join and somebody signs in, with what the page for testers shows."""
        tester = self.desk.new_tab()
        tester.goto(f"{self.system.url}/tester/staff")
        tester.get_by_role("button", name="端末のコードを作る").click()
        self.desk.look("試験用の職員", tester)
        codes = re.findall(r"\b([2-9A-Z]{4}-[2-9A-Z]{4})\b", tester.inner_text("body"))
        self.desk.page.goto(f"{self.system.url}/counter")
        self.desk.look("端末の登録")
        self.desk.page.get_by_label("端末のコード").fill(codes[0])
        self.desk.page.get_by_role("button", name="登録する").click()
        self.sign_in(tester)
        self.screen.page.goto(f"{self.system.url}/screen")
        self.screen.look("画面の登録")
        self.screen.page.get_by_label("画面のコード").fill(codes[1])
        self.screen.page.get_by_role("button", name="登録する").click()
        self.screen.heading(WAITING_SCREEN)
        self.screen.look("待機")
        tester.close()

    def sign_in(self, tester: Page, staff_id: str = "ST-01") -> None:
        password = json.loads((self.system.state / "staff.json").read_text(encoding="utf-8"))[staff_id]
        tester.goto(f"{self.system.url}/tester/staff")
        own = tester.locator("section.panel", has_text=staff_id)
        code = re.search(r"\b(\d{6})\b", own.inner_text())
        assert code
        self.desk.heading("職員のサインイン")
        self.desk.look("サインイン")
        self.desk.page.get_by_label("職員番号").fill(staff_id)
        self.desk.page.get_by_label("パスワード").fill(password)
        self.desk.page.get_by_label("確認コード").fill(code[1])
        self.desk.page.get_by_role("button", name="サインインする").click()
        self.desk.heading("次の方の受付")
        self.desk.look("次の方")

    def call(self, policy: str = "P-001", *, look: bool = False, for_child: bool = False) -> None:
        self.desk.page.get_by_label("施策").select_option(policy)
        if for_child:
            self.desk.page.get_by_role("radio", name=re.compile("お子さま")).check()
        self.desk.page.get_by_role("button", name="次の方を受け付ける").click()
        if for_child:
            self.desk.heading("保護者の方のカードを待っています")
            self.screen.heading("はじめに、保護者の方のカードを、読み取り機に置いてください")
        else:
            self.desk.heading("カードが置かれるのを待っています")
            self.screen.heading("マイナンバーカードを、読み取り機に置いてください")
        if look:
            self.desk.look("カード待ち")
            self.screen.look("カードを置く")

    def read_card(
        self, person_id: str, auth: str = "1234", ending: str = "カードを確認しました", asked_next: str = ""
    ) -> None:
        """Lay a card down and type the PINs. Where another card is asked for at once, the keypad goes on with it, and
        what tells that the first was read is the screen: ``asked_next``."""
        self.screen.lay_card(person_id)
        keypad = self.screen.new_tab()
        keypad.goto(self.system.keypad_url)
        self.screen.heading("暗証番号を入力してください", keypad)
        shown = self.screen.page.locator("#confirmation-digits").inner_text()
        keypad.get_by_label(PAGE_NUMBER, exact=True).fill(shown)
        keypad.get_by_label(TEXT_PIN, exact=True).fill("1234")
        keypad.get_by_label(AUTH_PIN, exact=True).fill(auth)
        keypad.get_by_role("button", name="読み取る").click()
        if asked_next:
            expect(self.screen.page.locator("main")).to_contain_text(asked_next, timeout=20_000)
        else:
            self.screen.heading(re.compile(ending), keypad)
        keypad.close()

    def look_at_both_widths(self, who: Person, title: str) -> None:
        """A picture at 1280 and one at 390 px, each looked at as hard as any other page."""
        size = who.page.viewport_size
        assert size is not None
        for width, height in ((1280, 900), (390, 844)):
            who.page.set_viewport_size({"width": width, "height": height})
            who.look(f"{title}-{width}")
        who.page.set_viewport_size(size)

    def look_at_paper(self, title: str, *, holds: str, without: str) -> None:
        """What the desk's printer gives out: this is on it, and nothing that is for staff alone."""
        page = self.desk.page
        page.emulate_media(media="print")
        printed = page.locator("body").inner_text()
        assert holds in printed
        assert without not in printed
        folder = OUTPUT / self.desk.name
        folder.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=folder / f"{title}-paper.png", full_page=True)
        page.emulate_media(media="screen")

    def declare_to_be_the_parent(self, *, look: bool = False) -> None:
        """What a guardian says beside the agreement."""
        self.screen.heading("3つの決まりを読んで、同意してください")
        if look:
            self.look_at_both_widths(self.screen, "保護者の申出")
        self.screen.page.locator("#relation").check()
        self.screen.page.locator("#wallet").check()
        for box in self.screen.page.get_by_role("checkbox").all():
            box.check()
        self.screen.page.get_by_role("button", name="同意して次へ進む").click()

    def agree(self, *, look: bool = False) -> None:
        self.screen.heading("3つの決まりを読んで、同意してください")
        if look:
            self.screen.look("同意")
            self.desk.look("住民の入力中")
        for box in self.screen.page.get_by_role("checkbox").all():
            box.check()
        self.screen.page.get_by_role("button", name="同意して次へ進む").click()

    def choose(self, name: str, *, look: bool = False) -> None:
        self.screen.heading("どこで受け取りますか")
        if look:
            self.screen.look("決済サービス")
        self.screen.page.get_by_role("radio", name=re.compile(name)).check()
        self.screen.page.get_by_role("button", name="次へ進む").click()

    def enter(self, service_id: str, account: str, *, look: bool = False) -> None:
        self.screen.heading(re.compile("番号を入力してください$"))
        if look:
            self.screen.look("番号の入力")
        self.screen.page.locator("#account").fill(account)
        code = self.screen.page.locator("#security_code")
        if code.count():
            code.fill(self.screen.code_from_the_app(service_id, account))
        self.screen.page.get_by_role("button", name="番号を確かめて次へ").click()

    def confirm(self, person_id: str, *, look: bool = False) -> str:
        self.screen.heading("この内容で申し込みますか")
        if look:
            self.screen.look("読み返し")
        self.screen.page.get_by_role("checkbox").check()
        self.screen.page.get_by_role("button", name="この内容でよい").click()
        self.screen.heading("カードを一度取り、もう一度置いてください")
        if look:
            self.screen.look("2回目のタッチ")
        self.screen.take_card_away()
        self.screen.lay_card(person_id)
        self.screen.heading("手続が終わりました。カードをお取りください")
        if look:
            self.screen.look("終わり")
        self.screen.take_card_away()
        self.desk.heading("受付票")
        return str(self.desk.page.locator(".receipt-no").inner_text())

    def lose_the_line(self) -> None:
        """The resident's screen hears nothing any more, and a minute passes there."""
        self.screen.context.set_offline(True)
        self.screen.page.evaluate("() => { const now = Date.now; Date.now = () => now() + 61000; }")
        self.screen.heading("通信できないため、画面の内容を消しました")

    def finish(self) -> None:
        self.desk.page.get_by_role("button", name="終わる").click()
        self.desk.heading("次の方の受付")
        self.screen.heading("この画面での手続は終わりました")

    def sql(self, statement: str) -> None:
        with psycopg.connect(self.system.environment["TODOKE_DATABASE_URL"], autocommit=True) as connection:
            connection.execute(statement.encode())

    def count(self, query: str) -> int:
        """What one query counts."""
        with psycopg.connect(self.system.environment["TODOKE_DATABASE_URL"], autocommit=True) as connection:
            row = connection.execute(query.encode()).fetchone()
            assert row is not None
            return int(row[0])


def arrive(system: System, chromium: Browser, width: int, height: int, joined: Joined | None = None) -> AtTheCounter:
    """Both browsers of a counter; ``joined`` is what they kept of an earlier set-up."""
    desk, screen = joined or (None, None)

    def person(name: str, kept: StorageState | None) -> Person:
        context = chromium.new_context(viewport={"width": width, "height": height}, locale="ja-JP", storage_state=kept)
        context.set_default_timeout(PATIENCE)
        return Person(system, context, f"{name}-{width}")

    return AtTheCounter(system, person("counter-desk", desk), person("counter-screen", screen))


def everything_in(page: Page) -> str:
    """All that a next person could find: the page, what the browser keeps, cookies, the history."""
    kept = page.evaluate(
        """async () => JSON.stringify({
            html: document.documentElement.outerHTML,
            values: [...document.querySelectorAll('input')].map((one) => one.value),
            local: {...localStorage}, session: {...sessionStorage},
            caches: 'caches' in window ? await Promise.all((await caches.keys()).map(async (name) => {
                const kept = await caches.open(name);
                const one = async (request) => request.url.includes('/static/')
                    ? request.url : request.url + await (await kept.match(request)).text();
                return Promise.all((await kept.keys()).map(one));
            })) : [],
            databases: indexedDB.databases ? (await indexedDB.databases()).map((one) => one.name) : [],
            history: history.length, state: history.state, name: window.name,
        })"""
    )
    return f"{kept}{page.context.cookies()}"
