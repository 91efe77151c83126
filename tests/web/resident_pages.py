"""Every page a resident can meet, by name: who stands before it and where it is. For tests that look at all of them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from playwright.sync_api import Browser as Chromium
from playwright.sync_api import BrowserContext
from werkzeug.serving import make_server

from tests.web.rebates import apply_for_rebate, buy
from tests.web.service import STEPS, Browser, Service

PUBLIC = {
    "home": "/",
    "search": "/policies",
    "search-filtered": "/policies?municipality=992011&category=childcare_education&amount=5000",
    "search-which-place": "/policies?place=あさひ市",
    "search-no-place": "/policies?place=どこにもない町",
    "search-nothing": "/policies?keyword=該当なし",
    "policy-open": "/policies/P-001",
    "policy-full": "/policies/P-002",
    "policy-scheduled": "/policies/P-003",
    "policy-closed": "/policies/P-006",
    "policy-suspended": "/policies/P-020",
    "policy-rebate": "/policies/P-015",
    "shops": "/policies/P-015/shops",
    "shops-no-limit": "/policies/P-001/shops",
    "self-check": "/policies/P-006/check",
    "accessibility": "/accessibility",
    "offline": "/offline",
    "styleguide": "/styleguide",
    "start": STEPS,
    "identity": f"{STEPS}/identity",
    "status-entry": "/status",
    "not-found": "/nowhere",
    "my-number-refused": "/policies?keyword=123456789018",
    "too-late": f"{STEPS}/confirm",
}


@dataclass(frozen=True)
class PageOf:
    """One page: the browser that may see it (none for everybody) and its path."""

    name: str
    path: str
    browser: Browser | None = None


def every_page(service: Service) -> list[PageOf]:
    """The pages, each with a browser that got there."""
    waiting, passed, elsewhere, half, sent = (service.browser() for _ in range(5))
    session_id = waiting.open_reading()
    passed.read_card("TP-02")
    elsewhere.read_card("TP-11")
    half.to_account("TP-29")
    ready = service.browser()
    ready.to_confirm("TP-10", "5555666677778")
    receipt = sent.apply("TP-14", "6666777788889")
    collecting = service.browser()
    rebate_receipt = apply_for_rebate(collecting)
    buy("T1", ("食品", 2_000), ("たばこ", 600))
    buy("T2", ("食品", 900), shop_no="777")
    nobody = service.browser()
    nobody.read_card("TP-30", "/status")
    return [
        *(PageOf(name, path) for name, path in PUBLIC.items()),
        PageOf("wait", f"/card-sessions/{session_id}", waiting),
        PageOf("result", f"{STEPS}/result", passed),
        PageOf("consent", f"{STEPS}/consent", passed),
        PageOf("result-elsewhere", f"{STEPS}/result", elsewhere),
        PageOf("service", f"{STEPS}/service", half),
        PageOf("account", f"{STEPS}/account", half),
        PageOf("confirm", f"{STEPS}/confirm", ready),
        PageOf("sent", f"/applications/{receipt}?sent=1", sent),
        PageOf("status", f"/applications/{receipt}", sent),
        PageOf("status-rebate", f"/applications/{rebate_receipt}", collecting),
        PageOf("withdraw", f"/applications/{receipt}/withdraw", sent),
        PageOf("applications", "/applications", sent),
        PageOf("applications-none", "/applications", nobody),
    ]


@contextmanager
def listening(service: Service) -> Iterator[str]:
    """The service of this process at an address of its own."""
    server = make_server("127.0.0.1", 0, service.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()


def context_for(
    chromium: Chromium, address: str, page: PageOf, width: int, language: str = "ja", **more: object
) -> BrowserContext:
    """A browser window of that width in which this page can be seen in that language."""
    context = chromium.new_context(viewport={"width": width, "height": 844}, locale="ja-JP", **more)  # type: ignore[arg-type]
    kept = [{"name": "language", "value": language, "url": address}]
    if page.browser is not None and page.browser.cookie:
        name = page.browser.service.app.config["SESSION_COOKIE_NAME"]
        kept.append({"name": name, "value": page.browser.cookie, "url": address})
    context.add_cookies(kept)  # type: ignore[arg-type]
    return context
