"""A page by its name: whose browser may see it, where it is, and a real browser's window in which it is looked at."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from playwright.sync_api import Browser as Chromium
from playwright.sync_api import BrowserContext
from werkzeug.serving import make_server

from tests.web.service import Browser, Service


@dataclass(frozen=True)
class PageOf:
    """One page: the browser that may see it (none for everybody) and its path."""

    name: str
    path: str
    browser: Browser | None = None


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
    held = page.browser.cookies if page.browser is not None else {}
    kept = [{"name": name, "value": value, "url": address} for name, value in {"language": language, **held}.items()]
    context.add_cookies(kept)  # type: ignore[arg-type]
    return context
