"""Every resident page in a real browser (WCAG 2.2 AA): nothing for axe-core to find, no sideways scroll, large targets.

The quick run looks in Japanese at a phone's width and at a desk's; the full matrices in three languages at four widths.
The screenshots stay in ``test-output/pages`` to be looked at.
"""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_core_python.sync_playwright import Axe
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect, sync_playwright

from app.language import EASY, ENGLISH, JAPANESE
from tests.web.resident_pages import PageOf, context_for, every_page, listening
from tests.web.service import Service

pytestmark = pytest.mark.browser

OUTPUT = Path("test-output") / "pages"
WEIGHT = 60_000
WIDTHS = (320, 390, 768, 1280)
QUICK = [(JAPANESE, 390), (JAPANESE, 1280)]
FULL = [
    pytest.param(language, width, marks=pytest.mark.full)
    for language in (JAPANESE, EASY, ENGLISH)
    for width in WIDTHS
    if (language, width) not in QUICK
]

# Controls that are too small for a finger; links inside a sentence may be as small as their words (WCAG 2.5.8).
SMALL_TARGETS = """() => [...document.querySelectorAll("a, button, input, select, summary")].filter((one) => {
  const style = getComputedStyle(one), box = one.getBoundingClientRect();
  if (!one.checkVisibility({visibilityProperty: true}) || box.width === 0 || one.type === "hidden") return false;
  if (one.closest(".visually-hidden, .skip-link") || style.position === "absolute") return false;
  if (one.matches("input[type=radio], input[type=checkbox]")) return false;
  if (one.tagName === "A" && style.display === "inline") return box.height < 20;
  return box.height < 43.5 || box.width < 43.5;
}).map((one) => `${one.outerHTML.slice(0, 120)} ${Math.round(one.getBoundingClientRect().height)}`)"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chromium]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"],
        )
        yield opened
        opened.close()


def visit(chromium: Chromium, address: str, one: PageOf, width: int, language: str = JAPANESE, **more: object) -> Page:
    page = context_for(chromium, address, one, width, language, **more).new_page()
    page.goto(address + one.path)
    for summary in page.locator("main details > summary").all():
        summary.click()
    return page


def faults_of(page: Page, width: int) -> list[str]:
    """What is wrong with a page, in words."""
    found = [
        f"axe {one['id']}: {[node['html'][:160] for node in one['nodes']]}" for one in Axe().run(page)["violations"]
    ]
    if page.evaluate("document.documentElement.scrollWidth") > width:
        found.append("scrolls sideways")
    if page.locator("h1").count() != 1:
        found.append("not one h1")
    return found + [f"small: {one}" for one in page.evaluate(SMALL_TARGETS)]


@pytest.mark.parametrize(("language", "width"), [*QUICK, *FULL])
def test_every_page_is_accessible(service: Service, chromium: Chromium, language: str, width: int) -> None:
    OUTPUT.mkdir(parents=True, exist_ok=True)
    faults = {}
    with listening(service) as address:
        for one in every_page(service):
            page = visit(chromium, address, one, width, language)
            if found := faults_of(page, width):
                faults[one.name] = found
            page.screenshot(path=OUTPUT / f"{one.name}-{language.replace('@', '-')}-{width}.png", full_page=True)
            page.context.close()
    assert faults == {}


def test_every_page_holds_at_twice_the_text_size(service: Service, chromium: Chromium) -> None:
    """WCAG 1.4.4: 200 % text on a phone loses nothing and scrolls in one direction only."""
    sideways = []
    with listening(service) as address:
        for one in every_page(service):
            page = visit(chromium, address, one, 390)
            page.evaluate("document.documentElement.style.fontSize = '200%'")
            if page.evaluate("document.documentElement.scrollWidth") > 390:
                sideways.append(one.name)
            page.context.close()
    assert sideways == []


@pytest.mark.parametrize("mode", [{"color_scheme": "dark"}, {"forced_colors": "active"}, {"reduced_motion": "reduce"}])
def test_every_page_holds_in_the_readers_own_colours_and_without_motion(
    service: Service, chromium: Chromium, mode: dict[str, str]
) -> None:
    faults = {}
    (name,) = mode.values()
    OUTPUT.mkdir(parents=True, exist_ok=True)
    with listening(service) as address:
        for one in every_page(service):
            page = visit(chromium, address, one, 390, **mode)
            if found := faults_of(page, 390):
                faults[one.name] = found
            moving = page.evaluate("document.getAnimations().filter((one) => one.playState === 'running').length")
            if "reduced_motion" in mode and moving:
                faults.setdefault(one.name, []).append(f"{moving} things move")
            page.screenshot(path=OUTPUT / f"{one.name}-{name}-390.png", full_page=True)
            page.context.close()
    assert faults == {}


def test_a_first_visit_to_any_page_weighs_at_most_60_kb(service: Service, chromium: Chromium) -> None:
    heavy = {}
    with listening(service) as address:
        for one in every_page(service):
            context = context_for(chromium, address, one, 390)
            bodies: dict[str, bytes] = {}
            page = context.new_page()
            page.on("requestfinished", lambda request, kept=bodies: kept.update({request.url: b""}))
            page.goto(address + one.path, wait_until="networkidle")
            for url in bodies:
                if not url.endswith("/state"):
                    bodies[url] = context.request.get(url).body()
            weight = sum(len(gzip.compress(body, 6)) for body in bodies.values())
            if weight > WEIGHT or len(bodies) < 5:
                heavy[one.name] = weight
            context.close()
    assert heavy == {}


def test_the_offline_page_appears_without_a_connection_and_nobodys_data_is_kept(
    service: Service, chromium: Chromium
) -> None:
    with listening(service) as address:
        sent = next(one for one in every_page(service) if one.name == "status")
        context = context_for(chromium, address, sent, 390)
        page = context.new_page()
        page.goto(address + sent.path)
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        kept = page.evaluate(
            "caches.keys().then((names) => Promise.all(names.map(async (name) =>"
            " (await (await caches.open(name)).keys()).map((one) => new URL(one.url).pathname))))"
        )
        assert [path for names in kept for path in names if not path.startswith("/static/")] == ["/offline"]
        context.set_offline(True)
        page.goto(address + "/policies")
        expect(page.get_by_role("heading", level=1)).to_have_text("インターネットにつながっていません")
        assert "終了する" not in page.content()
        context.close()
