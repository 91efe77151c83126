"""A page by its name: whose browser may see it, where it is, and a real browser's window in which it is looked at."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from playwright.sync_api import Browser as Chromium
from playwright.sync_api import BrowserContext, Page
from werkzeug.serving import make_server

from tests.web.service import Browser, Service


@dataclass(frozen=True)
class PageOf:
    """One page: the browser that may see it (none for everybody) and its path.

    ``typed`` is what is typed into its form before that is sent: the page is then the answer to it, such as a form
    that says what was wrong. Nothing else may come of it, for the page is opened many times.
    """

    name: str
    path: str
    browser: Browser | None = None
    typed: dict[str, str] | None = None

    def finish(self, page: Page) -> None:
        """Send the form of the page that stands open, where there is something to send."""
        if self.typed is None:
            return
        form = page.locator("main form")
        for name, value in self.typed.items():
            form = page.locator("main form").filter(has=page.locator(f"[name={name}]"))
            form.locator(f"[name={name}]").fill(value)
        with page.expect_navigation():
            form.locator("button[type=submit]").first.click()


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
    context = chromium.new_context(viewport={"width": width, "height": 844}, locale="ja-JP", **more)
    held = page.browser.cookies if page.browser is not None else {}
    kept = [{"name": name, "value": value, "url": address} for name, value in {"language": language, **held}.items()]
    context.add_cookies(kept)
    return context
