"""The counter in real browsers: staff at the desk, the resident's screen, reader, keypad and cards (K1 to K8)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Browser, Page, StorageState, expect

from tests.journeys.system import System, start_system
from tests.journeys.walker import AUTH_PIN, PAGE_NUMBER, TEXT_PIN, Person

pytestmark = [pytest.mark.system, pytest.mark.browser]

PATIENCE = 20_000
# What is said about how the visit before ended stays for two minutes; it names nobody.
WAITING_SCREEN = re.compile("係の者がお呼びするまで|この画面での手続は終わりました")
Joined = tuple[StorageState, StorageState]
CARD_PEOPLE = {"TP-02": "7070707070707", "TP-29": "7171717171717", "TP-13": "7272727272727"}


@dataclass
class AtTheCounter:
    """Both sides of one counter, each a browser of its own, and the hands that lay cards and type PINs."""

    system: System
    desk: Person
    screen: Person
    answers: list[tuple[str, str]] = field(default_factory=list)

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

    def call(self, policy: str = "P-001", *, look: bool = False) -> None:
        self.desk.page.get_by_label("施策").select_option(policy)
        self.desk.page.get_by_role("button", name="次の方を受け付ける").click()
        self.desk.heading("カードが置かれるのを待っています")
        self.screen.heading("マイナンバーカードを、読み取り機に置いてください")
        if look:
            self.desk.look("カード待ち")
            self.screen.look("カードを置く")

    def read_card(self, person_id: str, auth: str = "1234", ending: str = "カードを確認しました") -> None:
        self.screen.lay_card(person_id)
        keypad = self.screen.new_tab()
        keypad.goto(self.system.keypad_url)
        self.screen.heading("暗証番号を入力してください", keypad)
        shown = self.screen.page.locator("#confirmation-digits").inner_text()
        keypad.get_by_label(PAGE_NUMBER, exact=True).fill(shown)
        keypad.get_by_label(TEXT_PIN, exact=True).fill("1234")
        keypad.get_by_label(AUTH_PIN, exact=True).fill(auth)
        keypad.get_by_role("button", name="読み取る").click()
        self.screen.heading(re.compile(ending), keypad)
        keypad.close()

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

    def finish(self) -> None:
        self.desk.page.get_by_role("button", name="終わる").click()
        self.desk.heading("次の方の受付")
        self.screen.heading("この画面での手続は終わりました")

    def sql(self, statement: str) -> None:
        with psycopg.connect(self.system.environment["TODOKE_DATABASE_URL"], autocommit=True) as connection:
            connection.execute(statement.encode())


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """An installation of its own: nobody who comes to this counter has applied elsewhere before."""
    running = start_system(Path(tmp_path_factory.mktemp("counter")) / "state")
    yield running
    running.stop()


def arrive(system: System, chromium: Browser, width: int, height: int, joined: Joined | None = None) -> AtTheCounter:
    """Both browsers of a counter; ``joined`` is what they kept of an earlier set-up."""
    desk, screen = joined or (None, None)

    def person(name: str, kept: StorageState | None) -> Person:
        context = chromium.new_context(viewport={"width": width, "height": height}, locale="ja-JP", storage_state=kept)
        context.set_default_timeout(PATIENCE)
        return Person(system, context, f"{name}-{width}")

    return AtTheCounter(system, person("counter-desk", desk), person("counter-screen", screen))


@pytest.fixture(scope="module")
def joined(system: System, chromium: Browser) -> Joined:
    """What both browsers keep of one set-up, as on a morning: a one-time code signs in a single time."""
    made = arrive(system, chromium, 1280, 900)
    made.set_up()
    kept = (made.desk.context.storage_state(), made.screen.context.storage_state())
    made.desk.context.close()
    made.screen.context.close()
    return kept


@pytest.fixture
def at_the_counter(system: System, chromium: Browser, joined: Joined) -> Iterator[Callable[[int, int], AtTheCounter]]:
    """Both sides of the counter on browsers of this size, opened where they were joined."""
    opened: list[AtTheCounter] = []

    def made(width: int, height: int) -> AtTheCounter:
        opened.append(arrive(system, chromium, width, height, joined))
        opened[-1].desk.page.goto(f"{system.url}/counter")
        opened[-1].desk.heading("次の方の受付")
        opened[-1].screen.page.goto(f"{system.url}/screen")
        opened[-1].screen.heading(WAITING_SCREEN)
        return opened[-1]

    yield made
    for one in opened:
        # Whatever still lies there goes, so that the next test finds the reader free.
        headers = {"Origin": system.desk_url}
        one.desk.context.request.post(f"{system.desk_url}/api/remove", data={}, headers=headers)
        one.sql("UPDATE counter_sessions SET touched_at = touched_at - interval '61 seconds' WHERE state <> 'wiped'")
        one.screen.heading(WAITING_SCREEN)
        one.desk.context.close()
        one.screen.context.close()


@pytest.fixture
def counter(at_the_counter: Callable[[int, int], AtTheCounter]) -> AtTheCounter:
    return at_the_counter(1280, 900)


def everything_in(page: Page) -> str:
    """All that a next person could find: the page, what the browser keeps, cookies, the history."""
    kept = page.evaluate(
        """async () => JSON.stringify({
            html: document.documentElement.outerHTML,
            values: [...document.querySelectorAll('input')].map((one) => one.value),
            local: {...localStorage}, session: {...sessionStorage},
            caches: 'caches' in window ? await caches.keys() : [],
            databases: indexedDB.databases ? (await indexedDB.databases()).map((one) => one.name) : [],
            history: history.length, state: history.state, name: window.name,
        })"""
    )
    return f"{kept}{page.context.cookies()}"


def test_three_people_in_a_row_and_no_trace_of_the_one_before(counter: AtTheCounter) -> None:
    """BR-50: DOM, storage, cookies, history, back button and the server's answers."""
    before: list[str] = []
    history = counter.screen.page.evaluate("history.length")
    for number, (person_id, account) in enumerate(CARD_PEOPLE.items()):
        look = number == 0
        counter.call(look=look)
        counter.read_card(person_id)
        counter.agree(look=look)
        counter.choose("みらいPay", look=look)
        counter.enter("SVC-QR-01", account, look=look)
        counter.screen.heading("この内容で申し込みますか")
        name = counter.screen.page.locator(".rows dd").first.inner_text()
        receipt = counter.confirm(person_id, look=look)
        if look:
            counter.desk.look("受付票")
        counter.finish()
        found = everything_in(counter.screen.page) + everything_in(counter.desk.page)
        for path, page in (("/screen", counter.screen.page), ("/screen/state", counter.screen.page)):
            found += page.request.get(f"{counter.system.url}{path}").text()
        for path in ("/counter", "/counter/state", "/applications"):
            found += counter.desk.page.request.get(f"{counter.system.url}{path}").text()
        assert [one for one in before if one in found] == []
        assert counter.screen.page.evaluate("history.length") == history, "one address for the whole day"
        counter.screen.page.go_back()
        counter.screen.page.go_forward()
        after_back = everything_in(counter.screen.page)
        before += [account, account[-4:] + "<", receipt]
        assert [one for one in (account, receipt, name) if one in after_back] == []
    assert counter.screen.complaints == []
    assert counter.desk.complaints == []


def test_a_counter_left_idle_warns_and_wipes(counter: AtTheCounter) -> None:
    counter.call()
    counter.read_card("TP-10")
    counter.agree()
    counter.screen.heading("どこで受け取りますか")
    counter.sql("UPDATE counter_sessions SET touched_at = touched_at - interval '45 seconds' WHERE state <> 'wiped'")
    expect(counter.screen.page.get_by_role("button", name="続ける")).to_be_visible(timeout=PATIENCE)
    counter.screen.look("操作がない")
    counter.screen.page.get_by_role("button", name="続ける").click()
    expect(counter.screen.page.get_by_role("button", name="続ける")).to_be_hidden(timeout=PATIENCE)
    counter.sql("UPDATE counter_sessions SET touched_at = touched_at - interval '61 seconds' WHERE state <> 'wiped'")
    counter.screen.heading("この画面での手続は終わりました")
    expect(counter.screen.page.locator("main")).to_contain_text("E114")
    counter.screen.look("消去")
    counter.desk.heading("次の方の受付")
    counter.desk.look("前の手続は終わり")


def test_a_card_taken_away_while_typing_wipes(counter: AtTheCounter) -> None:
    counter.call()
    counter.read_card("TP-10")
    counter.screen.heading("3つの決まりを読んで、同意してください")
    counter.screen.take_card_away()
    counter.screen.heading("この画面での手続は終わりました")
    expect(counter.screen.page.locator("main")).to_contain_text("E802")


def test_another_card_at_the_second_tap_wipes_and_alarms(counter: AtTheCounter) -> None:
    counter.call()
    counter.read_card("TP-19")
    counter.agree()
    counter.choose("つばめ電子マネー")
    counter.enter("SVC-EM-01", "6123456789012344")
    counter.screen.heading("この内容で申し込みますか")
    counter.screen.page.get_by_role("checkbox").check()
    counter.screen.page.get_by_role("button", name="この内容でよい").click()
    counter.screen.heading("カードを一度取り、もう一度置いてください")
    counter.screen.take_card_away()
    counter.screen.lay_card("TP-10")
    counter.screen.heading("この画面での手続は終わりました")
    expect(counter.screen.page.locator("main")).to_contain_text("E801")
    counter.screen.look("別のカード")
    expect(counter.desk.page.locator("main")).to_contain_text("責任者を呼んでください(E801)")
    counter.desk.look("警報")
    counter.sql("DELETE FROM counter_alarms")


def test_a_locked_pin_ends_with_a_slip_for_the_other_desk(counter: AtTheCounter) -> None:
    """C-18a as it meets people: the card of TP-18 has a locked PIN."""
    counter.call()
    counter.screen.lay_card("TP-18")
    counter.screen.heading("この画面での手続は終わりました")
    expect(counter.screen.page.locator("main")).to_contain_text("E102")
    expect(counter.desk.page.locator("main")).to_contain_text("利用者証明用の暗証番号の再設定(住民課の窓口)")
    counter.desk.look("ご案内の紙")


def test_both_sides_fit_a_small_screen(at_the_counter: Callable[[int, int], AtTheCounter]) -> None:
    made = at_the_counter(390, 844)
    made.call(look=True)
    made.read_card("TP-10")
    made.agree(look=True)
    made.choose("みらいPay", look=True)
    made.enter("SVC-QR-01", "7373737373737", look=True)
    made.screen.heading("この内容で申し込みますか")
    made.screen.look("読み返し")
    made.screen.page.get_by_role("button", name="やめる").click()
    made.screen.heading("この画面での手続は終わりました")
    made.screen.look("終わり")
    made.screen.take_card_away()
    made.desk.page.get_by_role("link", name="整理券").click()
    made.desk.page.get_by_label("施策").select_option("P-001")
    made.desk.page.get_by_role("button", name="整理券を出す").click()
    made.desk.look("整理券")
