"""Looking hard at a page in a browser: axe-core, sideways scroll, the size and the place of what is pressed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import axe_core_python
import pytest
from playwright.sync_api import Page

from app import clock
from tests.conftest import FIXTURE_TIME, connected, migrated_database
from tests.web.every_page import every_page
from tests.web.page_of import PageOf, listening
from tests.web.service import Service, running

OUTPUT = Path("test-output") / "pages"
PHONE = 390

AXE = (Path(axe_core_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
# Only what is wrong is told: describing everything that is right takes most of the time.
RUN = """async (rules) => {
  const found = await axe.run(document, {resultTypes: ["violations"], ...rules});
  return found.violations.map((one) => [one.id, one.nodes.map((node) => node.html.slice(0, 160))]);
}"""

# Controls that are too small for a finger; links inside a sentence may be as small as their words (WCAG 2.5.8).
SMALL_TARGETS = """() => [...document.querySelectorAll("a, button, input, select, summary")].filter((one) => {
  const style = getComputedStyle(one), box = one.getBoundingClientRect();
  if (!one.checkVisibility({visibilityProperty: true}) || box.width === 0 || one.type === "hidden") return false;
  if (one.closest(".visually-hidden, .skip-link") || style.position === "absolute") return false;
  if (one.matches("input[type=radio], input[type=checkbox]")) return false;
  if (one.tagName === "A" && style.display === "inline") return box.height < 20;
  return box.height < 43.5 || box.width < 43.5;
}).map((one) => `${one.outerHTML.slice(0, 120)} ${Math.round(one.getBoundingClientRect().height)}`)"""

# Controls nearer to the window's edge than a finger's width allows; what may stand there runs from edge to edge.
AT_THE_EDGE = """() => [...document.querySelectorAll("a, button, input, select, summary, h1, h2, p")].filter((one) => {
  const box = one.getBoundingClientRect();
  if (!one.checkVisibility({visibilityProperty: true}) || box.width === 0) return false;
  if (one.closest(".visually-hidden, .skip-link, table, pre, svg")) return false;
  return box.left < 7.5 || box.right > innerWidth - 7.5;
}).map((one) => one.outerHTML.slice(0, 120))"""


@dataclass
class Open:
    """The service, and every page of it with whoever got there."""

    service: Service
    address: str
    pages: list[PageOf]


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Open]:
    """Made once; looking changes nothing. Real time stands still, for a counter that is left alone wipes itself."""
    with pytest.MonkeyPatch.context() as patch, migrated_database() as url, connected(url), clock.frozen(FIXTURE_TIME):
        now = clock.real_now()
        patch.setattr(clock, "real_now", lambda: now)
        mail = {"MAIL_HOST": "mail.example.jp", "MAIL_FROM": "todoke@example.jp"}  # which nobody asks for anything here
        state = tmp_path_factory.mktemp("state")
        with running(url, state, patch, **mail) as service, listening(service) as address:
            yield Open(service, address, every_page(service))


def violations(page: Page, rules: dict[str, Any] | None = None) -> list[str]:
    """What axe-core finds on the page as it stands, in words."""
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(AXE)
    return [f"axe {rule}: {nodes}" for rule, nodes in page.evaluate(RUN, rules or {})]


def faults_of(page: Page, width: int) -> list[str]:
    found = violations(page)
    if page.evaluate("document.documentElement.scrollWidth") > width:
        found.append("scrolls sideways")
    if page.locator("h1").count() != 1:
        found.append("not one h1")
    found += [f"small: {one}" for one in page.evaluate(SMALL_TARGETS)]
    return found + [f"at the edge: {one}" for one in page.evaluate(AT_THE_EDGE)]


def picture(page: Page, name: str) -> None:
    OUTPUT.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=OUTPUT / f"{name}.png", full_page=True)


def wrong(seen: dict[str, list[str]]) -> dict[str, list[str]]:
    return {name: found for name, found in seen.items() if found}
