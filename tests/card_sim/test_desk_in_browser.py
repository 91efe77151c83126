"""The desk as a tester meets it: phone width, with and without scripts, axe-core finding nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from axe_core_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, Page, ViewportSize
from werkzeug.serving import make_server

from tests.card_sim.test_desk import OneCardReader, desk, reader

__all__ = ["desk", "reader"]  # fixtures

pytestmark = pytest.mark.browser

PHONE: ViewportSize = {"width": 390, "height": 844}


@pytest.fixture
def address(desk: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, desk, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    desk.extensions["desk"].tray.take_away()
    server.shutdown()
    thread.join(5)


def check(page: Page) -> None:
    """Nothing for axe-core to find, and nothing that sticks out sideways."""
    found = Axe().run(page)
    assert found["passes"]
    assert [violation["id"] for violation in found["violations"]] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_a_tester_finds_a_person_and_lays_the_card(chromium: Browser, address: str, reader: OneCardReader) -> None:
    page = chromium.new_page(viewport=PHONE, locale="ja-JP")
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.goto(address)
    check(page)
    page.get_by_label("探す言葉").fill("よしだ")
    page.get_by_role("button", name="探す").click()
    page.get_by_role("link", name="𠮷田　濵男").click()
    check(page)
    page.get_by_role("button", name="カードを置く").click()
    page.get_by_text("カードを読み取り機に置きました。").wait_for()
    check(page)
    assert reader.inserted.wait(5)
    page.get_by_role("button", name="カードを取る").click()
    page.get_by_text("カードは置いてありません。").wait_for()
    assert complaints == []
    page.goto(f"{address}/people/TP-99")
    check(page)
    page.close()


def test_the_page_notices_by_itself_that_a_program_laid_a_card(
    chromium: Browser, address: str, reader: OneCardReader
) -> None:
    page = chromium.new_page(viewport=PHONE)
    page.goto(address)
    other = chromium.new_page()
    assert other.request.post(f"{address}/api/lay", data={"person_id": "TP-18"}).ok
    other.close()
    page.get_by_text("のカードが置いてあります。").wait_for(timeout=10_000)
    page.close()


def test_a_tester_lays_a_card_with_a_fault(chromium: Browser, address: str, reader: OneCardReader) -> None:
    page = chromium.new_page(viewport=PHONE, locale="ja-JP")
    page.goto(f"{address}/people/TP-02")
    page.get_by_label("不具合", exact=True).select_option("slow")
    page.get_by_label("数", exact=True).fill("0")
    page.get_by_role("button", name="この不具合で置く").click()
    page.get_by_text("数字を入れてください").wait_for()
    check(page)
    page.get_by_label("不具合", exact=True).select_option("slow")
    page.get_by_label("数", exact=True).fill("20")
    page.get_by_role("button", name="この不具合で置く").click()
    page.get_by_text("返事が遅い(1命令あたりのミリ秒) (数: 20)").wait_for()
    check(page)
    page.close()


def test_everything_works_without_scripts(chromium: Browser, address: str, reader: OneCardReader) -> None:
    context = chromium.new_context(viewport=PHONE, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/people/TP-18")
    page.get_by_role("button", name="カードを置く").click()
    assert page.get_by_text("さん(TP-18)のカードが置いてあります。").is_visible()
    page.get_by_role("button", name="カードを取る").click()
    assert page.get_by_text("カードは置いてありません。").is_visible()
    page.goto(f"{address}/people/TP-18")
    page.get_by_role("button", name="最初の状態に戻す").click()
    assert page.get_by_text("最初の状態に戻しました。").is_visible()
    context.close()
