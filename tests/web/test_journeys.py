"""The journeys that issue 6 counts as done, in a real browser at 390 px: who walks each, and what the page says.

Those that need two processes, a second screen or the clock of the counter run elsewhere; ``ELSEWHERE`` names them, and
a test holds it to what is there. One installation serves all; a person applies once for each policy. Each page that
ends a walk is kept at 390 and 1280 px in ``test-output/pages``.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect

from app import clock, db, maintenance
from app.cards.models import CardSession
from app.web.event_codes import code_of
from card_sim.people import Persona
from tests.conftest import FIXTURE_TIME, connected, migrated_database
from tests.web.looking import picture
from tests.web.page_of import listening
from tests.web.service import Service, person, running

pytestmark = pytest.mark.browser

# The journey: the module, its test, and the test person who walks it there.
ELSEWHERE = {
    "qualifies": ("tests.journeys.test_browser", "test_from_search_to_granted", "TP-29"),
    "full, closed, suspended": (
        "tests.journeys.test_browser",
        "test_a_policy_that_takes_nobody_says_why_and_offers_no_button",
        "nobody",
    ),
    "wrong code": (
        "tests.journeys.test_browser_pages",
        "test_every_form_names_its_errors_and_a_withdrawal_frees_the_place",
        "TP-19",
    ),
    "withdrawal": (
        "tests.journeys.test_browser_pages",
        "test_every_form_names_its_errors_and_a_withdrawal_frees_the_place",
        "TP-19",
    ),
    "provider down": (
        "tests.web.test_outages",
        "test_without_the_provider_the_page_says_so_and_nothing_is_lost",
        "TP-02",
    ),
    "counter left idle": ("tests.journeys.test_counter", "test_a_counter_left_idle_warns_and_wipes", "TP-10"),
    "counter with three children": (
        "tests.web_counter.test_children",
        "test_br_27_three_children_with_the_mothers_service_and_a_receipt_each",
        "TP-14",
    ),
    "PIN locked at the counter": (
        "tests.journeys.test_counter",
        "test_a_locked_pin_ends_with_a_slip_for_the_other_desk",
        "TP-18",
    ),
}


@dataclass
class Walker:
    """One person with a phone and a reader somewhere."""

    service: Service
    address: str
    page: Page

    def go(self, path: str) -> None:
        self.page.goto(self.address + path)

    def ask_for_the_card(self, button: str = "カードを読み取る") -> UUID:
        """On the page of the identity step; the card session that waits."""
        self.page.locator("#reader_number").fill(self.service.reader.reader_no)
        self.page.get_by_role("button", name=button).click()
        self.at("読み取り機に、カードを置いてください")
        found = re.search(r"/card-sessions/([0-9a-f-]{36})", self.page.url)
        assert found
        return UUID(found[1])

    def card(self, who: str | Persona, path: str | None = None) -> None:
        """This card is read, and the page goes on by itself."""
        if path is not None:
            self.go(path)
        session_id = self.ask_for_the_card()
        self.service.card_was_read(session_id, person(who) if isinstance(who, str) else who)
        self.page.wait_for_url(lambda url: "/card-sessions/" not in url, timeout=20_000)

    def card_fails(self, code: str, path: str) -> None:
        """The reader ends with this code."""
        self.go(path)
        session_id = self.ask_for_the_card()
        with db.transaction() as session:
            row = session.get_one(CardSession, session_id)
            row.state, row.error_code = "failed", code
        self.page.wait_for_url("**/next", timeout=20_000)

    def press(self, name: str) -> None:
        with self.page.expect_navigation():
            self.page.get_by_role("button", name=name, exact=True).click()

    def at(self, heading: str) -> None:
        expect(self.page.get_by_role("heading", level=1)).to_have_text(heading, timeout=15_000)

    def sees(self, *words: str) -> None:
        for each in words:
            expect(self.page.locator("main")).to_contain_text(each)

    def keep(self, name: str) -> None:
        """Both widths, to be looked at."""
        for width in (1280, 390):
            self.page.set_viewport_size({"width": width, "height": 844})
            picture(self.page, f"journey-{name}-{width}")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, str]]:
    state = tmp_path_factory.mktemp("state")
    with (
        pytest.MonkeyPatch.context() as patch,
        migrated_database() as url,
        connected(url),
        clock.frozen(FIXTURE_TIME),
        running(url, state, patch) as service,
        listening(service) as address,
    ):
        yield service, address


@pytest.fixture
def walker(place: tuple[Service, str], chromium: Chromium) -> Iterator[Walker]:
    context = chromium.new_context(viewport={"width": 390, "height": 844}, locale="ja-JP")
    yield Walker(*place, context.new_page())
    context.close()


def test_each_journey_that_runs_elsewhere_is_there_with_its_person() -> None:
    for module, name, who in ELSEWHERE.values():
        test = getattr(importlib.import_module(module), name, None)
        assert callable(test), (module, name)
        assert who == "nobody" or who in inspect.getsource(test), (name, who)


@pytest.mark.parametrize(
    ("name", "who", "policy", "heading", "words"),
    [
        ("wrong-town", "TP-24", "P-001", "この施策の条件に合いませんでした", ("E201", "みらい県はなの市")),
        ("same-name-town", "TP-11", "P-001", "この施策の条件に合いませんでした", ("E202", "ほくと県")),
        ("ambiguous-town", "TP-10", "P-001", "担当者の確認が必要です", ("対象外ということではありません",)),
        ("list-miss", "TP-26B", "P-007", "担当者の確認が必要です", ("E204", "「確認を依頼する」")),
    ],
)
def test_what_the_card_says_is_judged_at_once_with_its_reason(  # a row of the table
    walker: Walker, name: str, who: str, policy: str, heading: str, words: tuple[str, ...]
) -> None:
    card = person(who)
    if name == "ambiguous-town":
        card = replace(card, address="あさひ市本町１丁目１番")
    walker.card(card, f"/policies/{policy}/apply/identity")
    walker.at(heading)
    walker.sees(*words)
    if "確認を依頼する" in words[-1]:
        expect(walker.page.get_by_role("button", name="確認を依頼する", exact=True)).to_be_visible()
    walker.keep(name)


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("pin-locked", "E102", ("暗証番号がロックされました", "対応コンビニ", "対象外と決まったわけではありません")),
        ("face-authentication-card", "E110", ("顔認証カード", "窓口でお手続きください")),
    ],
)
def test_a_card_that_cannot_be_read_is_no_refusal(walker: Walker, name: str, code: str, words: tuple[str, ...]) -> None:
    walker.card_fails(code, "/policies/P-001/apply/identity")
    walker.sees(code, *words)
    expect(walker.page.get_by_role("link", name="もう一度カードを読み取る")).to_have_count(0)
    expect(walker.page.get_by_role("link", name="施策のページで担当窓口を見る")).to_be_visible()
    walker.keep(name)


def test_a_guardian_applies_for_a_child_under_15(walker: Walker) -> None:
    walker.go("/policies/P-008/apply/who")
    walker.page.locator("input[name=who][value=child]").check()
    walker.press("次へ進む")
    walker.at("はじめに、保護者の方のカードを読み取ります")
    walker.card("TP-28G")
    walker.at("お子さまのカードを読み取ります")
    walker.card("TP-28")
    walker.at("お子さまとの関係を教えてください")
    walker.page.get_by_role("radio", name="父または母").check()
    walker.page.get_by_role("checkbox").check()
    walker.press("次へ進む")
    walker.at("条件に合うことを確認できました")
    walker.keep("guardian")


def test_a_choice_made_later_and_changed_before_the_order(walker: Walker) -> None:
    """R5, R9, R10: chosen later is possible, and what was chosen can be seen before it is changed."""
    steps = "/policies/P-004/apply"
    walker.card("TP-19", f"{steps}/identity")
    walker.press("次へ進む")
    for box in walker.page.get_by_role("checkbox").all():
        box.check()
    walker.press("同意して次へ進む")
    _choose(walker, "9988776655443")
    walker.at("この内容で申し込みますか")
    walker.page.get_by_role("checkbox").check()
    walker.press("この内容で申し込む")
    walker.at("付与準備中(変更できます)")
    walker.sees("…5443")
    walker.page.get_by_role("link", name="決済サービスを変更する").click()
    walker.at("どこで受け取りますか")
    walker.sees("いまは みらいPay …5443 です")
    _choose(walker, "1122334455667")
    walker.at("この決済サービスで受け取りますか")
    walker.page.get_by_role("checkbox").check()
    walker.press("この決済サービスに決める")
    walker.at("付与準備中(変更できます)")
    walker.sees("…5667")
    walker.keep("change-of-service")


def _choose(walker: Walker, account: str) -> None:
    walker.page.get_by_role("radio", name=re.compile("みらいPay")).check()
    walker.press("次へ進む")
    walker.page.locator("#account").fill(account)
    walker.page.locator("#security_code").fill("1234")
    walker.press("番号を確かめて次へ")


def test_an_events_code_is_scanned_and_taking_part_is_on_record_once(walker: Walker) -> None:
    walker.card("TP-27", "/status")
    walker.at("申込の一覧")
    code = code_of(walker.service.app.config["SECRET_KEY"], "P-014", "P-014")
    walker.go(f"/events/{code}")
    walker.at("会場での参加を記録します")
    walker.press("参加を記録する")
    walker.keep("event-code")
    assert walker.service.rows("stated_facts") == 1


def test_in_maintenance_the_page_says_until_when_and_which_end_moves(walker: Walker) -> None:
    begin = FIXTURE_TIME + timedelta(hours=1)
    maintenance.add_window(begin, begin + timedelta(hours=4), stops_orders=False, note="更新", by="ST-1")
    with clock.frozen(begin + timedelta(minutes=1)):
        walker.go("/policies/P-001/apply")
        walker.at("システムメンテナンス中です")
        walker.sees("E501")
        expect(walker.page.locator("main")).not_to_contain_text("不具合")
        walker.keep("maintenance")
