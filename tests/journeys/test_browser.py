"""The whole journey in a real browser on a phone-sized screen, and each way in which it can be refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.journeys.system import System
from tests.journeys.walker import Person

pytestmark = [pytest.mark.system, pytest.mark.browser]

Arrive = Callable[[str], Person]


@pytest.fixture
def arrive(system: System, chromium: Browser) -> Iterator[Arrive]:
    contexts = []

    def arrived(name: str) -> Person:
        context = chromium.new_context(viewport={"width": 390, "height": 844}, locale="ja-JP")
        context.set_default_timeout(20_000)
        contexts.append(context)
        return Person(system, context, name)

    yield arrived
    for context in contexts:
        context.close()


def test_from_search_to_granted(arrive: Arrive) -> None:
    person = arrive("granted")
    person.search_and_open("あさひ", "あさひ市 くらし応援ポイント")
    assert person.decode_qr() == f"{person.system.url}/policies/P-001"
    person.begin()
    person.read_card("TP-29")
    person.heading("条件に合うことを確認できました")
    person.look("条件の確認結果")
    person.consent()
    person.choose_service("みらいPay")
    person.enter_account("SVC-QR-01", "5555555555555")
    person.confirm()
    person.look("受付票")
    person.heading("付与済")
    person.look("付与済")
    receipt_no = person.page.locator(".receipt-no").inner_text()
    assert re.fullmatch(r"P001-\w{4}-\w{4}", receipt_no)
    assert person.decode_qr() == f"{person.system.url}/applications/{receipt_no}"
    assert person.complaints == []

    person.page.goto(person.system.url + "/status")
    person.heading("申込の一覧")
    person.look("申込の一覧")
    person.page.get_by_role("button", name="終了する").click()
    person.page.goto(person.system.url + "/status")
    person.heading("申込状況の確認")
    person.look("申込状況の確認")


def test_a_wrong_pin_tells_the_tries_left_and_lets_one_try_again(arrive: Arrive) -> None:
    person = arrive("wrong-pin")
    person.page.goto(person.system.url + "/policies/P-001")
    person.begin()
    person.read_card("TP-10", text="0000", ending="暗証番号が違います")
    person.heading("暗証番号が違います")
    expect(person.page.locator("main")).to_contain_text("あと2回")
    expect(person.page.locator("main")).to_contain_text("券面事項入力補助用")
    expect(person.page.locator("main")).to_contain_text("E101")
    person.look("暗証番号が違います")
    person.page.get_by_role("link", name="もう一度カードを読み取る").click()
    person.heading("マイナンバーカードで本人確認をします")


@pytest.mark.full
def test_a_resident_of_the_other_asahi_is_told_which_one_is_meant(arrive: Arrive) -> None:
    person = arrive("wrong-municipality")
    person.page.goto(person.system.url + "/policies/P-001")
    person.begin()
    person.read_card("TP-11")
    person.heading("この施策の条件に合いませんでした")
    main = person.page.locator("main")
    expect(main).to_contain_text("E202")
    expect(main).to_contain_text("ほくと県")
    expect(person.page.get_by_role("button", name="このまま申し込んで確認を依頼する")).to_be_visible()
    person.look("条件に合いませんでした")


@pytest.mark.parametrize(
    ("policy", "code", "word", "name"),
    [
        ("P-002", "E209", "定員", "full"),
        ("P-006", "E208", "終了しました", "closed"),
        ("P-020", "E210", "一時停止", "suspended"),
    ],
)
def test_a_policy_that_takes_nobody_says_why_and_offers_no_button(
    arrive: Arrive, policy: str, code: str, word: str, name: str
) -> None:
    person = arrive(name)
    person.page.goto(f"{person.system.url}/policies/{policy}")
    expect(person.page.locator("main")).to_contain_text(word)
    expect(person.page.get_by_role("link", name="申し込む")).to_have_count(0)
    person.look("施策")
    answer = person.page.goto(f"{person.system.url}/policies/{policy}/apply")
    assert answer is not None and answer.status == 409
    expect(person.page.locator("main")).to_contain_text(code)
    person.look("申し込めない理由")


@pytest.mark.full
def test_who_applied_already_is_led_to_the_receipt(arrive: Arrive) -> None:
    person = arrive("applied-twice")
    status, report = person.system.journey("TP-17", "P-001", "SVC-QR-01", "--account", "2222222222222")
    assert status == 0, report
    person.page.goto(person.system.url + "/policies/P-001")
    person.begin()
    person.read_card("TP-17")
    person.heading("すでに申し込まれています")
    expect(person.page.locator("main")).to_contain_text("E206")
    person.look("すでに申し込まれています")
    person.page.get_by_role("link", name="申込状況を見る").click()
    expect(person.page.get_by_text(re.compile(r"P001-\w{4}-\w{4}")).first).to_be_visible()
