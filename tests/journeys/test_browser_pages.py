"""The pages beside the straight way: forms with errors, waiting for staff, cooling-off and withdrawal, error pages."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.journeys.system import System
from tests.journeys.test_browser import Arrive, arrive
from tests.journeys.walker import TO_THE_WAYS, Person

__all__ = ["arrive"]  # a fixture

pytestmark = [pytest.mark.system, pytest.mark.browser]


def _sees_error(person: Person, field: str, title: str) -> None:
    """The summary has the focus and leads to the field; the title says it."""
    expect(person.page).to_have_title(re.compile("^エラー"))
    expect(person.page.locator("[data-error-summary]")).to_be_focused()
    person.look(title)
    person.page.locator("[data-error-summary] a").first.click()
    expect(person.page.locator(f"#{field}")).to_be_focused()


@pytest.mark.full
def test_every_form_names_its_errors_and_a_withdrawal_frees_the_place(arrive: Arrive) -> None:
    person = arrive("errors-and-withdrawal")
    page = person.page
    page.goto(person.system.url + "/policies/P-004")
    page.get_by_role("link", name="申し込む").first.click()
    page.get_by_role("button", name=TO_THE_WAYS).click()
    page.get_by_role("radio", name="ほかの読み取り機を使う").check()
    page.locator("#reader_number").fill("000000")
    page.get_by_role("button", name="カードを読み取る").click()
    _sees_error(person, "reader_number", "番号の読み取り機がない")

    page.get_by_role("radio", name="試験用カードデスク").check()
    page.get_by_role("button", name="カードを読み取る").click()
    person.read_card("TP-19")
    page.get_by_role("button", name="次へ進む").click()
    page.get_by_role("button", name="同意して次へ進む").click()
    _sees_error(person, "agree_todoke", "同意のチェックがない")

    for box in page.get_by_role("checkbox").all():
        box.check()
    page.get_by_role("button", name="同意して次へ進む").click()
    page.get_by_role("button", name="次へ進む").click()
    _sees_error(person, "service_id", "決済サービスを選んでいない")

    person.page.get_by_role("radio", name="みらいPay").check()
    page.get_by_role("button", name="次へ進む").click()
    page.locator("#account").fill("12345")
    page.locator("#security_code").fill("0000")
    page.get_by_role("button", name="番号を確かめて次へ").click()
    _sees_error(person, "account", "番号の形が違う")

    page.locator("#account").fill("8888888888888")
    page.locator("#security_code").fill(
        "0000" if person.code_from_the_app("SVC-QR-01", "8888888888888") != "0000" else "1"
    )
    page.get_by_role("button", name="番号を確かめて次へ").click()
    _sees_error(person, "security_code", "コードが違う")
    assert page.locator("#security_code").input_value() == "", "a code is never put back into the page"

    page.locator("#security_code").fill(person.code_from_the_app("SVC-QR-01", "8888888888888"))
    page.get_by_role("button", name="番号を確かめて次へ").click()
    page.get_by_role("button", name="この内容で申し込む").click()
    _sees_error(person, "confirmed", "確認のチェックがない")

    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="この内容で申し込む").click()
    person.heading("付与準備中(変更できます)")
    person.look("付与準備中")
    page.get_by_role("link", name="申込を取り下げる").click()
    person.heading("申込を取り下げますか")
    person.look("取下げの確認")
    page.get_by_role("button", name="申込を取り下げる").click()
    person.heading("取下げ")
    person.look("取下げ")


@pytest.mark.full
def test_what_staff_must_look_at_is_never_called_not_eligible(arrive: Arrive) -> None:
    person = arrive("for-staff")
    person.page.goto(person.system.url + "/policies/P-018")
    person.begin(for_whom="self")
    person.read_card("TP-06")
    person.heading("担当者の確認が必要です")
    person.look("担当者の確認が必要です")
    expect(person.page.locator("main")).not_to_contain_text("対象になりません")
    person.consent()
    person.choose_service("えらべるギフトBOX")
    person.enter_account("SVC-GIFT-01", "hikari@example.jp")
    person.confirm()
    person.heading("審査中")
    expect(person.page.locator("main")).to_contain_text("対象外ということではありません")
    person.look("審査中")


@pytest.mark.parametrize(
    ("path", "status", "title"),
    [
        ("/nowhere", 404, "ページが見つかりません"),
        ("/policies/P-999", 404, "ページが見つかりません"),
        ("/policies/P-001/apply/consent", 409, "時間がたちました"),
        ("/policies?keyword=該当するはずのないことば", 200, "給付をさがす"),
        ("/policies?keyword=123456789018", 422, "マイナンバーは入力しないでください"),
    ],
)
def test_pages_of_dead_ends_show_a_way_on(arrive: Arrive, path: str, status: int, title: str) -> None:
    person = arrive("dead-ends")
    answer = person.page.goto(person.system.url + path)
    assert answer is not None and answer.status == status
    person.heading(title)
    person.look(f"{status}-{title}")
    assert person.page.locator("main a[href], main button").count() > 0


@pytest.mark.full
@pytest.mark.parametrize("width", [320, 768, 1280])
def test_public_pages_at_other_widths(system: System, chromium: Browser, width: int) -> None:
    context = chromium.new_context(viewport={"width": width, "height": 900}, locale="ja-JP")
    person = Person(system, context, f"width-{width}")
    for path, name in (("/", "トップ"), ("/policies", "一覧"), ("/policies/P-004", "施策"), ("/status", "申込状況")):
        person.page.goto(system.url + path)
        person.look(name)
    context.close()
