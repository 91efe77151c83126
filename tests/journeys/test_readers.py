"""A counter's first reader, in real browsers and processes: paired from its page, seen there, revoked, refused."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.agent_e2e.counter import free_port
from tests.journeys.system import System
from tests.journeys.walker import Person

pytestmark = [pytest.mark.system, pytest.mark.browser]

PATIENCE = 20_000
LABEL = "3番窓口の読み取り機"


@pytest.fixture
def new_terminal(system: System) -> Iterator[str]:
    """A terminal to which no reader was given; the code by which its desk joins."""
    added = system.todoke("terminals", "add", "3番窓口(試験)", "--municipality", "992011")
    assert added.returncode == 0, added.stderr
    terminal_id = added.stdout.split()[0]
    made = system.todoke("terminals", "code", terminal_id, "desk")
    assert made.returncode == 0, made.stderr
    yield made.stdout.split()[0]
    assert system.todoke("terminals", "close", terminal_id).returncode == 0


@pytest.fixture
def boss(system: System, chromium: Browser) -> Iterator[Person]:
    with chromium.new_context(viewport={"width": 1280, "height": 900}, locale="ja-JP") as context:
        context.set_default_timeout(PATIENCE)
        yield Person(system, context, "counter-readers")


def look_at_both_widths(boss: Person, title: str) -> None:
    boss.look(title)
    boss.page.set_viewport_size({"width": 390, "height": 844})
    boss.look(f"{title} 390")
    boss.page.set_viewport_size({"width": 1280, "height": 900})


def join_and_sign_in(boss: Person, code: str, staff_id: str) -> None:
    tester = boss.new_tab()
    tester.goto(f"{boss.system.url}/tester/staff")
    totp = re.search(r"\b(\d{6})\b", tester.locator("section.panel", has_text=staff_id).inner_text())
    assert totp
    password = json.loads((boss.system.state / "staff.json").read_text(encoding="utf-8"))[staff_id]
    page = boss.page
    page.goto(f"{boss.system.url}/counter")
    page.get_by_label("端末のコード").fill(code)
    page.get_by_role("button", name="登録する").click()
    page.get_by_label("職員番号").fill(staff_id)
    page.get_by_label("パスワード").fill(password)
    page.get_by_label("確認コード").fill(totp[1])
    page.get_by_role("button", name="サインインする").click()
    boss.heading("次の方の受付")
    tester.close()


def paired_agent(commands: list[list[str]], folder: Path, keypad_port: int) -> subprocess.Popen[bytes]:
    """The two commands of the page, typed one after the other. A virtual reader stands in for the PC/SC one."""
    todoke = [sys.executable, "-m", "app.cli"]
    root = str(Path(__file__).parents[2])
    pair, start = ([*todoke, *one[1:]] for one in commands)
    subprocess.run(pair, cwd=folder, env={"PYTHONPATH": root}, check=True, timeout=60, capture_output=True)
    start[start.index("--pcsc") : start.index("--pcsc") + 1] = ["--virtual", "127.0.0.1:0"]
    return subprocess.Popen(
        [*start, "--keypad-port", str(keypad_port)],
        cwd=folder,
        env={"PYTHONPATH": root},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def text_of(page: Page, name: str) -> list[str]:
    return shlex.split(page.locator(f"#{name}-command").inner_text())


@pytest.mark.full
def test_a_reader_is_paired_from_the_counters_page_and_revoked_there(
    boss: Person, new_terminal: str, tmp_path: Path
) -> None:
    join_and_sign_in(boss, new_terminal, "ST-03")
    page = boss.page
    expect(page.locator("main")).to_contain_text("使える読み取り機が登録されていません")
    page.get_by_role("link", name="読み取り機").click()
    boss.heading("窓口の読み取り機")
    look_at_both_widths(boss, "読み取り機")
    page.get_by_role("button", name="登録のコードを作る").click()
    expect(page.get_by_role("alert")).to_contain_text("名前を、40文字までで入れてください。")
    look_at_both_widths(boss, "名前がない")
    page.get_by_label("読み取り機の名前").fill(LABEL)
    page.get_by_role("button", name="登録のコードを作る").click()
    expect(page.get_by_role("heading", name="登録のコードを作りました")).to_be_visible()
    look_at_both_widths(boss, "登録のコード")
    port = free_port()
    agent = paired_agent([text_of(page, "pair"), text_of(page, "start")], tmp_path, port)
    try:
        mine = page.locator("section.panel", has_text=LABEL)
        page.goto(f"{boss.system.url}/counter/readers")
        expect(mine).to_contain_text("3番窓口(試験)")
        until_shown(page, "いま応答しています")
        look_at_both_widths(boss, "登録済み")
        mine.get_by_role("link", name="登録を取り消す").click()
        boss.heading("この読み取り機の登録を取り消しますか")
        look_at_both_widths(boss, "取り消しの確認")
        page.get_by_role("button", name="登録を取り消す").click()
        boss.heading("窓口の読み取り機")
        expect(mine).to_contain_text("登録を取り消した日時")
        look_at_both_widths(boss, "取り消し済み")
        keypad = boss.new_tab()
        keypad.goto(f"http://127.0.0.1:{port}")
        boss.heading("この読み取り機は使えません", keypad)
        boss.look("読み取り機の画面", keypad)
        for language in ("easy", "en"):
            page.goto(f"{boss.system.url}/counter/readers?lang={'ja@easy' if language == 'easy' else 'en'}")
            look_at_both_widths(boss, f"読み取り機 {language}")
    finally:
        agent.terminate()
        agent.wait(30)
    assert [one for one in boss.complaints if "422" not in one] == [], "the answer to the missing name is a 422"


def until_shown(page: Page, words: str) -> None:
    """The page is opened anew, as it says, until the reader has been heard of."""
    for _ in range(20):
        if words in page.locator("main").inner_text():
            return
        page.wait_for_timeout(500)
        page.reload()
    raise AssertionError(f"{words} did not come")
