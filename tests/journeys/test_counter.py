"""The counter in real browsers: staff at the desk, the resident's screen, reader, keypad and cards (K1 to K8)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from card_sim.people import load_people
from tests.journeys.at_the_counter import PATIENCE, WAITING_SCREEN, AtTheCounter, Joined, arrive, everything_in
from tests.journeys.system import System, start_system

pytestmark = [pytest.mark.system, pytest.mark.browser]

GUARDIAN, CHILDREN, WALLET = "TP-14", ("TP-14C1", "TP-14C2", "TP-14C3"), "6666777788889"
E_MONEY = "6000000000000015"
LEFT_TYPED = "7474747474747"
CARD_PEOPLE = {"TP-02": "7070707070707", "TP-29": "7171717171717", "TP-13": "7272727272727"}


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """An installation of its own: nobody who comes to this counter has applied elsewhere before."""
    running = start_system(Path(tmp_path_factory.mktemp("counter")) / "state")
    yield running
    running.stop()


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
        one.sql("UPDATE card_sessions SET expires_at = now() WHERE state IN ('open', 'taken', 'waiting_card')")
        one.screen.heading(WAITING_SCREEN)
        one.desk.context.close()
        one.screen.context.close()


@pytest.fixture
def counter(at_the_counter: Callable[[int, int], AtTheCounter]) -> AtTheCounter:
    return at_the_counter(1280, 900)


@pytest.mark.full
def test_three_people_in_a_row_and_no_trace_of_the_one_before(counter: AtTheCounter) -> None:
    """BR-50: source, fields, storage, cookies, history, back and forward, and the server's answers, on both sides.

    The canaries of a person: all that the card and the own hand gave, the masked name, the last digits, the number.
    """
    canaries: dict[str, list[str]] = {}
    history = counter.screen.page.evaluate("history.length")
    for number, (person_id, account) in enumerate(CARD_PEOPLE.items()):
        look, someone = number == 0, load_people()[person_id]
        counter.call(look=look)
        counter.read_card(person_id)
        counter.agree(look=look)
        counter.choose("みらいPay", look=look)
        counter.enter("SVC-QR-01", account, look=look)
        counter.screen.heading("この内容で申し込みますか")
        masked = counter.screen.page.locator(".rows dd").first.inner_text()
        shown = everything_in(counter.screen.page)
        assert account[-4:] in shown, "the search finds what is there"
        receipt = counter.confirm(person_id, look=look)
        assert receipt in everything_in(counter.desk.page)
        if look:
            counter.desk.look("受付票")
            counter.look_at_paper("受付票", holds=receipt, without="終わる")
        counter.finish()
        family, given = someone.name.split("\u3000")
        canaries[person_id] = [account, f"…{account[-4:]}", receipt, masked, someone.name, someone.address]
        canaries[person_id] += [f"{family} {given}", someone.birth_date.isoformat(), f"{someone.birth_date:%Y%m%d}"]
        assert left_of(counter, canaries) == {}
        assert counter.screen.page.evaluate("history.length") == history, "one address all day"
        for side in (counter.screen, counter.desk):
            for _ in range(3):
                side.page.go_back()
                assert left_of(counter, canaries) == {}, "after the back button"
            side.page.go_forward()
            assert left_of(counter, canaries) == {}, "and forward again"
        counter.desk.page.goto(f"{counter.system.url}/counter")
        counter.desk.heading("次の方の受付")
        counter.screen.page.goto(f"{counter.system.url}/screen")
        history = counter.screen.page.evaluate("history.length")
    assert counter.screen.complaints == []
    assert counter.desk.complaints == []


def left_of(counter: AtTheCounter, canaries: dict[str, list[str]]) -> dict[str, list[str]]:
    """Who of those served left what, anywhere that a next person or a curious colleague could look."""
    pages = [side.page for side in (counter.screen, counter.desk) if side.page.url.startswith(counter.system.url)]
    found = "".join(everything_in(page) for page in pages)
    for side, paths in (
        (counter.screen, ("/screen", "/screen/state", "/applications", "/counter/state")),
        (counter.desk, ("/counter", "/counter/state", "/counter/receipts", "/counter/paper", "/screen/state")),
    ):
        for path in paths:
            answer = side.page.request.get(f"{counter.system.url}{path}")
            assert answer.headers["cache-control"] == "no-store", "neither the cache nor the back button keeps it"
            found += answer.text()
    return {who: left for who, own in canaries.items() if (left := [one for one in own if one in found])}


@pytest.mark.full
def test_a_guardian_with_three_children_one_card_after_another(counter: AtTheCounter) -> None:
    """4.2, BR-27: the guardian's card once, each child's twice, one receipt each, and a wipe between them."""
    counter.call("P-021", for_child=True)
    counter.look_at_both_widths(counter.desk, "保護者のカード待ち")
    counter.look_at_both_widths(counter.screen, "保護者のカードを置く")
    counter.read_card(GUARDIAN, asked_next="先に、置いてある保護者の方のカードを取ってください")
    counter.screen.take_card_away()
    receipts: list[str] = []
    for number, child in enumerate(CHILDREN):
        look = number == 0
        counter.screen.heading("お子さまのマイナンバーカードを、読み取り機に置いてください")
        if look:
            counter.look_at_both_widths(counter.desk, "お子さまのカード待ち")
            counter.look_at_both_widths(counter.screen, "お子さまのカードを置く")
        counter.read_card(child)
        counter.declare_to_be_the_parent(look=look)
        counter.choose("みらいPay")
        counter.enter("SVC-QR-01", WALLET)
        counter.screen.heading("この内容で申し込みますか")
        if look:
            counter.look_at_both_widths(counter.screen, "お子さまの読み返し")
        receipts.append(counter.confirm(child))
        on_the_desk = everything_in(counter.desk.page)
        assert [one for one in receipts[:-1] if one in on_the_desk] == [], "nothing of the child before"
        if look:
            counter.look_at_both_widths(counter.desk, "お子さまの受付票")
        if child != CHILDREN[-1]:
            counter.desk.page.get_by_role("button", name="次のお子さまの分を続ける").click()
    counter.finish()
    assert len(set(receipts)) == len(CHILDREN)
    left = everything_in(counter.screen.page) + everything_in(counter.desk.page)
    assert [one for one in (*receipts, WALLET, load_people()[GUARDIAN].name) if one in left] == []
    assert counter.count("SELECT count(*) FROM counter_alarms WHERE seen_by IS NULL") == 0, "BR-55: none for a guardian"


@pytest.mark.full
def test_one_e_money_card_for_two_people_alarms_until_a_supervisor_has_looked(counter: AtTheCounter) -> None:
    """C-31a and C-31b in browsers: E303 for the resident, E803 for the desk, closed by somebody else."""
    counter.call()
    counter.read_card("TP-10")
    counter.agree()
    counter.choose("つばめ電子マネー")
    counter.enter("SVC-EM-01", E_MONEY)
    counter.screen.heading("この内容で申し込みますか")
    counter.screen.page.get_by_role("button", name="やめる").click()
    counter.screen.heading("この画面での手続は終わりました")
    counter.screen.take_card_away()
    counter.call()
    counter.read_card("TP-19")
    counter.agree()
    counter.choose("つばめ電子マネー")
    counter.enter("SVC-EM-01", E_MONEY)
    expect(counter.desk.page.locator("main")).to_contain_text("責任者を呼んでください(E803)")
    counter.look_at_both_widths(counter.desk, "同じ番号の警報")
    counter.sql("DELETE FROM counter_alarms")


@pytest.mark.full
def test_a_ticket_a_paper_and_a_receipt_at_the_desk(counter: AtTheCounter) -> None:
    """A ticket is given out, the paper it belongs to is copied in, and its receipt is shown later."""
    desk, someone = counter.desk, load_people()["TP-29"]
    desk.page.get_by_role("link", name="整理券").click()
    desk.page.get_by_label("施策").select_option("P-001")
    desk.page.get_by_role("button", name="整理券を出す").click()
    counter.look_at_both_widths(desk, "整理券")
    counter.look_at_paper("整理券", holds="2026年11月20日", without="出した整理券")
    number = desk.page.locator(".ticket-number").inner_text()
    desk.page.get_by_role("link", name="窓口へ戻る").click()
    desk.page.get_by_role("link", name="紙の申込").click()
    desk.heading("紙の申込を入力する")
    counter.look_at_both_widths(desk, "紙の申込")
    desk.page.get_by_role("button", name="この申込書を受け付ける").click()
    counter.look_at_both_widths(desk, "紙の申込の誤り")
    desk.page.get_by_label("施策").select_option("P-001")
    filled = {"整理券の番号": number, "整理券の日付": "2026-11-20", "氏名": someone.name, "住所": someone.address}
    for label, value in (filled | {"生年月日": someone.birth_date.isoformat()}).items():
        desk.page.get_by_label(label, exact=True).fill(value)
    desk.page.get_by_label("性別").select_option(someone.sex)
    desk.page.get_by_role("checkbox").check()
    desk.page.get_by_role("button", name="この申込書を受け付ける").click()
    desk.heading("紙の申込を受け付けました")
    counter.look_at_both_widths(desk, "紙の申込の受付")
    receipt = desk.page.locator(".receipt-no").inner_text()
    desk.page.get_by_role("link", name="窓口へ戻る").click()
    desk.page.get_by_role("link", name="受付票を見る").click()
    counter.look_at_both_widths(desk, "受付票を見る")
    desk.page.get_by_label("QRコードまたは受付番号").fill("P001-0000-0000")
    desk.page.get_by_role("button", name="状況を見る").click()
    counter.look_at_both_widths(desk, "見られない受付票")
    desk.page.get_by_label("QRコードまたは受付番号").fill(f"{counter.system.url}/applications/{receipt}")
    desk.page.get_by_role("button", name="状況を見る").click()
    desk.heading("審査中")
    counter.look_at_both_widths(desk, "受付票の申込")
    assert someone.name not in desk.page.content()


@pytest.mark.full
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
    counter.choose("みらいPay")
    counter.screen.heading(re.compile("番号を入力してください$"))
    counter.screen.page.locator("#account").fill(LEFT_TYPED)
    assert LEFT_TYPED in everything_in(counter.screen.page)
    counter.lose_the_line()
    assert LEFT_TYPED not in everything_in(counter.screen.page), "E804: what was typed does not wait for the line"
    assert "みらいPay" not in counter.screen.page.inner_text("body")
    counter.look_at_both_widths(counter.screen, "つながらない")
    counter.screen.context.set_offline(False)
    counter.screen.heading(re.compile("番号を入力してください$"))
    assert LEFT_TYPED not in everything_in(counter.screen.page)
    counter.sql("UPDATE counter_sessions SET touched_at = touched_at - interval '61 seconds' WHERE state <> 'wiped'")
    counter.screen.heading("この画面での手続は終わりました")
    expect(counter.screen.page.locator("main")).to_contain_text("E114")
    counter.screen.look("消去")
    counter.desk.heading("次の方の受付")
    counter.desk.look("前の手続は終わり")
    for side in (counter.desk, counter.screen):
        # Playwright switches the browser's memory of pages off, so its event is given by hand.
        side.page.evaluate("window.stale = true")
        side.page.evaluate("window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
        side.page.wait_for_function("window.stale === undefined")


@pytest.mark.full
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


@pytest.mark.full
def test_a_locked_pin_ends_with_a_slip_for_the_other_desk(counter: AtTheCounter) -> None:
    """C-18a as it meets people: the card of TP-18 has a locked PIN."""
    counter.call()
    counter.screen.lay_card("TP-18")
    counter.screen.heading("この画面での手続は終わりました")
    expect(counter.screen.page.locator("main")).to_contain_text("E102")
    expect(counter.desk.page.locator("main")).to_contain_text("利用者証明用の暗証番号の再設定(住民課の窓口)")
    counter.desk.look("ご案内の紙")
    memo = "利用者証明用の暗証番号の再設定(住民課の窓口)"
    counter.look_at_paper("ご案内の紙", holds=memo, without="次の方の受付")


@pytest.mark.full
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
