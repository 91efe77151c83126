"""The receipt on paper: one sheet with the number, the service's last digits and a code that can be read."""

from __future__ import annotations

import io
import re

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Browser as Chromium

from tests.web.looking import OUTPUT
from tests.web.page_of import PageOf, context_for, listening
from tests.web.service import ACCOUNT, Service

pytestmark = pytest.mark.browser

# What is left of the sheet within the margins of print.css, at 96 points an inch.
A4 = {"width": 703, "height": 1032}


def test_br_54_a_receipt_is_printed_on_one_sheet_with_what_one_needs_later(
    service: Service, chromium: Chromium
) -> None:
    who = service.browser()
    receipt = who.apply("TP-29")
    path = f"/applications/{receipt}"
    with listening(service) as address, context_for(chromium, address, PageOf("", path, who), 390) as context:
        page = context.new_page()
        page.set_viewport_size(A4)
        page.goto(address + path)
        page.emulate_media(media="print", color_scheme="dark")
        OUTPUT.mkdir(parents=True, exist_ok=True)
        picture = page.screenshot(path=OUTPUT / "receipt-printed.png", full_page=True)
        paper = page.pdf(path=OUTPUT / "receipt-printed.pdf", format="A4")
        on_paper = page.locator("body").inner_text()
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert len(re.findall(rb"/Type\s*/Page\b", paper)) == 1, "one sheet"
    for needed in (receipt, "あさひ市 くらし応援ポイント", "10,000ポイント", "みらいPay", f"…{ACCOUNT[-4:]}"):
        assert needed in on_paper, needed
    for screen_only in ("給付をさがす", "終了する", "受付票を印刷する", "画面を更新する", ACCOUNT, "やさしい"):
        assert screen_only not in on_paper, screen_only
    (code,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(picture)))
    assert code.text == service.settings.public_url + path
    assert ground in ("rgb(255, 255, 255)", "rgba(0, 0, 0, 0)"), "paper stays white for who reads in the dark"
