"""Every page in a real browser (WCAG 2.2 AA): nothing for axe-core to find, no sideways scroll, large targets.

Each page is opened once for each language and width, and everything that is asked of it is measured there. The quick
run looks in Japanese at a phone's width; the full one in three languages at four widths. The pictures stay in
``test-output/pages`` to be looked at.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from axe_core_python.sync_playwright import Axe
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, Response, expect

from app import clock
from app.language import EASY, ENGLISH, JAPANESE
from tests.conftest import FIXTURE_TIME, connected, migrated_database
from tests.web.every_page import every_page
from tests.web.page_of import PageOf, context_for, listening
from tests.web.service import running

pytestmark = pytest.mark.browser

OUTPUT = Path("test-output") / "pages"
WEIGHT = 60_000
PHONE = 390
WIDTHS = (320, PHONE, 768, 1280)
FULL = [
    pytest.param(language, width, marks=pytest.mark.full)
    for language in (JAPANESE, EASY, ENGLISH)
    for width in WIDTHS
    if (language, width) != (JAPANESE, PHONE)
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

# Controls nearer to the window's edge than a finger's width allows; what may stand there runs from edge to edge.
AT_THE_EDGE = """() => [...document.querySelectorAll("a, button, input, select, summary, h1, h2, p")].filter((one) => {
  const box = one.getBoundingClientRect();
  if (!one.checkVisibility({visibilityProperty: true}) || box.width === 0) return false;
  if (one.closest(".visually-hidden, .skip-link, table, pre, svg")) return false;
  return box.left < 7.5 || box.right > innerWidth - 7.5;
}).map((one) => one.outerHTML.slice(0, 120))"""

MOVING = "document.getAnimations().filter((one) => one.playState === 'running').length"
CONTRAST = {"runOnly": {"type": "rule", "values": ["color-contrast"]}}


@dataclass
class Open:
    """The service, and every page of it with whoever got there."""

    address: str
    pages: list[PageOf]


@dataclass
class Seen:
    """What was wrong with a page, in words, and what a first visit to it weighs."""

    faults: list[str] = field(default_factory=list)
    twice_as_large: list[str] = field(default_factory=list)
    own_colours: list[str] = field(default_factory=list)
    weight: int = 0
    files: int = 0


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Open]:
    """Made once; looking changes nothing. Real time stands still, for a counter that is left alone wipes itself."""
    with pytest.MonkeyPatch.context() as patch, migrated_database() as url, connected(url), clock.frozen(FIXTURE_TIME):
        now = clock.real_now()
        patch.setattr(clock, "real_now", lambda: now)
        with running(url, tmp_path_factory.mktemp("state"), patch) as service, listening(service) as address:
            yield Open(address, every_page(service))


@pytest.fixture(scope="module")
def seen_on_the_phone(opened: Open, chromium: Chromium) -> dict[str, Seen]:
    return {one.name: look(chromium, opened.address, one, PHONE, JAPANESE, closely=True) for one in opened.pages}


def look(chromium: Chromium, address: str, one: PageOf, width: int, language: str, *, closely: bool = False) -> Seen:
    """One visit; ``closely`` also with twice the text size, other colours, no motion, and on the scales."""
    seen = Seen()
    with context_for(chromium, address, one, width, language) as context:
        page = context.new_page()
        answers: list[Response] = []

        def came(answer: Response) -> None:
            answers.append(answer)

        page.on("response", came)
        page.goto(address + one.path)
        if closely:
            bodies = [answer.body() for answer in answers]
            seen.weight, seen.files = sum(len(gzip.compress(body, 6)) for body in bodies), len(bodies)
        for summary in page.locator("main details > summary").all():
            summary.click()
        seen.faults = faults_of(page, width)
        picture(page, f"{one.name}-{language.replace('@', '-')}-{width}")
        if closely:
            seen.own_colours = in_other_colours(page, one.name)
            page.evaluate("document.documentElement.style.fontSize = '200%'")
            if page.evaluate("document.documentElement.scrollWidth") > width:
                seen.twice_as_large.append("scrolls sideways")
    return seen


def faults_of(page: Page, width: int) -> list[str]:
    found = [
        f"axe {one['id']}: {[node['html'][:160] for node in one['nodes']]}" for one in Axe().run(page)["violations"]
    ]
    if page.evaluate("document.documentElement.scrollWidth") > width:
        found.append("scrolls sideways")
    if page.locator("h1").count() != 1:
        found.append("not one h1")
    found += [f"small: {one}" for one in page.evaluate(SMALL_TARGETS)]
    return found + [f"at the edge: {one}" for one in page.evaluate(AT_THE_EDGE)]


def in_other_colours(page: Page, name: str) -> list[str]:
    """Without motion, dark, and in forced colours."""
    page.emulate_media(reduced_motion="reduce")  # first: nothing fades from one colour into the other afterwards
    moving = page.evaluate(MOVING)
    found = [f"{moving} things move"] if moving else []
    for colours in ({"color_scheme": "dark"}, {"forced_colors": "active"}):
        page.emulate_media(**{"color_scheme": "light", "forced_colors": "none", **colours})  # type: ignore[arg-type]
        (mode,) = colours.values()
        violations = Axe().run(page, options=CONTRAST)["violations"]
        found += [f"{mode}: {node['html'][:160]}" for one in violations for node in one["nodes"]]
        picture(page, f"{name}-{mode}")
    page.emulate_media(color_scheme="light", forced_colors="none")
    return found


def picture(page: Page, name: str) -> None:
    OUTPUT.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=OUTPUT / f"{name}.png", full_page=True)


def wrong(seen: dict[str, list[str]]) -> dict[str, list[str]]:
    return {name: found for name, found in seen.items() if found}


def test_every_page_is_there(opened: Open) -> None:
    """No name twice, and nobody stands before the page of an error unless its name says so."""
    names = [one.name for one in opened.pages]
    assert len(names) == len(set(names)) > 80


def test_every_page_is_accessible(seen_on_the_phone: dict[str, Seen]) -> None:
    assert wrong({name: seen.faults for name, seen in seen_on_the_phone.items()}) == {}


@pytest.mark.parametrize(("language", "width"), FULL)
def test_every_page_is_accessible_in_each_language_at_each_width(
    opened: Open, chromium: Chromium, language: str, width: int
) -> None:
    seen = {one.name: look(chromium, opened.address, one, width, language).faults for one in opened.pages}
    assert wrong(seen) == {}


def test_every_page_holds_at_twice_the_text_size(seen_on_the_phone: dict[str, Seen]) -> None:
    """WCAG 1.4.4: 200 % text on a phone loses nothing and scrolls in one direction only."""
    assert wrong({name: seen.twice_as_large for name, seen in seen_on_the_phone.items()}) == {}


def test_every_page_holds_in_the_readers_own_colours_and_without_motion(seen_on_the_phone: dict[str, Seen]) -> None:
    assert wrong({name: seen.own_colours for name, seen in seen_on_the_phone.items()}) == {}


def test_a_first_visit_to_any_page_weighs_at_most_60_kb(seen_on_the_phone: dict[str, Seen]) -> None:
    heavy = {
        name: (seen.weight, seen.files)
        for name, seen in seen_on_the_phone.items()
        if seen.weight > WEIGHT or seen.files < 5
    }
    assert heavy == {}


# Without scripts: a heading, a button for each form, nothing that only a script answers, a way to renew what moves.
UNANSWERED = """() => {
  const seen = (one) => one.checkVisibility({visibilityProperty: true}) && one.getBoundingClientRect().width > 0;
  const all = (selector) => [...document.querySelectorAll(selector)].filter(seen);
  const found = all("main button[type=button], main [onclick], main a[href='#'], main a:not([href])")
    .map((one) => `only by script: ${one.innerText}`);
  if (!all("h1").length) found.push("no heading");
  for (const form of all("form"))
    if (![...form.querySelectorAll("button")].some(seen)) found.push(`no button in ${form.action}`);
  const moves = document.querySelector("[data-live], [data-screen]");
  if (moves && !all("main a, main button").some((one) => one.innerText.includes("更新")))
    found.push("moves on by script only");
  return found;
}"""


def test_every_page_answers_without_javascript(opened: Open, chromium: Chromium) -> None:
    faults: dict[str, list[str]] = {}
    for one in opened.pages:
        with context_for(chromium, opened.address, one, PHONE, java_script_enabled=False) as context:
            page = context.new_page()
            page.goto(opened.address + one.path)
            faults[one.name] = page.evaluate(UNANSWERED)
    assert wrong(faults) == {}


def test_the_offline_page_appears_without_a_connection_and_nobodys_data_is_kept(
    opened: Open, chromium: Chromium
) -> None:
    sent = next(one for one in opened.pages if one.name == "status")
    context = context_for(chromium, opened.address, sent, PHONE)
    page = context.new_page()
    page.goto(opened.address + sent.path)
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    kept = page.evaluate(
        "caches.keys().then((names) => Promise.all(names.map(async (name) =>"
        " (await (await caches.open(name)).keys()).map((one) => new URL(one.url).pathname))))"
    )
    assert [path for names in kept for path in names if not path.startswith("/static/")] == ["/offline"]
    context.set_offline(True)
    page.goto(opened.address + "/policies")
    expect(page.get_by_role("heading", level=1)).to_have_text("インターネットにつながっていません")
    assert "終了する" not in page.content()
    context.close()
