"""Every page in a real browser (WCAG 2.2 AA): nothing for axe-core to find, no sideways scroll, large targets.

Each page is opened once, in Japanese at a phone's width, and what is asked of it is measured there; the full run looks
in other colours, without scripts, and in three languages at four widths, too (``test_every_page_in_each_language.py``).
The pictures stay in ``test-output/pages`` to be looked at.
"""

from __future__ import annotations

import gzip
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, Response, expect
from werkzeug.test import TestResponse

import card_sim
from app import municipalities
from app.language import ENGLISH, JAPANESE, LANGUAGES
from tests.policies.samples import SAMPLE_DATA
from tests.web.every_page import OF_STAFF
from tests.web.looking import PHONE, Open, faults_of, opened, picture, violations, wrong
from tests.web.page_of import PageOf, context_for
from tests.web.service import service_host
from tests.web.test_answer_pages import QUESTION
from tests.web.test_objection_pages import REASON

__all__ = ["opened"]

pytestmark = pytest.mark.browser

WEIGHT = 60_000
MOVING = "document.getAnimations().filter((one) => one.playState === 'running').length"
CONTRAST = {"runOnly": {"type": "rule", "values": ["color-contrast"]}}


ERRORS = {
    "not-found": 404,
    "my-number-refused": 422,
    "too-late": 409,
    "wrong-pin": 422,
    "attendance-none": 410,
    "operations-books": 500,
}
JAPANESE_LETTERS = re.compile("[\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fff]+")
NO_TEXT = re.compile(r"<!--.*?-->|<(title|option|textarea|script|style)\b.*?</\1>", re.S)
ON_THE_CARD = ("利用者証明用", "券面事項入力補助用", "顔認証マイナンバーカード")
MADE_UP = re.compile(r"^[0-9]+番窓口$|\*")  # the name of a terminal, and names of people with stars
OF_THE_TESTS = ("どこにもない町", "試験用の読み取り機", "補欠のある施策", "みらい県 給付担当窓口")


@dataclass
class Seen:
    """What was wrong with a page, in words, and what a first visit to it weighs."""

    faults: list[str] = field(default_factory=list)
    twice_as_large: list[str] = field(default_factory=list)
    weight: int = 0
    files: int = 0


@pytest.fixture(scope="module")
def seen_on_the_phone(opened: Open, chromium: Chromium) -> dict[str, Seen]:
    return {one.name: look(chromium, opened.address, one) for one in opened.pages}


def look(chromium: Chromium, address: str, one: PageOf) -> Seen:
    """One visit: as it stands, on the scales, with twice the text size."""
    seen = Seen()
    with context_for(chromium, address, one, PHONE, JAPANESE) as context:
        page = context.new_page()
        answers: list[Response] = []

        def came(answer: Response) -> None:
            answers.append(answer)

        page.on("response", came)
        page.goto(address + one.path)
        bodies = [answer.body() for answer in answers]
        seen.weight, seen.files = sum(len(gzip.compress(body, 6)) for body in bodies), len(bodies)
        one.finish(page)
        for summary in page.locator("main details > summary").all():
            summary.click()
        seen.faults = faults_of(page, PHONE)
        picture(page, f"{one.name}-{JAPANESE}-{PHONE}")
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        if page.evaluate("document.documentElement.scrollWidth") > PHONE:
            seen.twice_as_large.append("scrolls sideways")
    return seen


def in_other_colours(page: Page, name: str) -> list[str]:
    """Without motion, dark, and in forced colours; the page is open with reduced motion."""
    moving = page.evaluate(MOVING)
    found = [f"{moving} things move"] if moving else []
    for colours in ({"color_scheme": "dark"}, {"forced_colors": "active"}):
        page.emulate_media(**{"color_scheme": "light", "forced_colors": "none", **colours})
        (mode,) = colours.values()
        found += [f"{mode}: {one}" for one in violations(page, CONTRAST)]
        picture(page, f"{name}-{mode}")
    page.emulate_media(color_scheme="light", forced_colors="none")
    return found


def test_every_page_is_there(opened: Open) -> None:
    names = [one.name for one in opened.pages]
    assert len(names) == len(set(names)) > 80


def answer_in(opened: Open, one: PageOf, language: str) -> TestResponse:
    browser = one.browser or opened.service.browser()
    browser.client.set_cookie("language", language, domain=service_host(opened.service))
    try:
        return browser.get(one.path)
    finally:
        browser.client.delete_cookie("language", domain=service_host(opened.service))


@pytest.mark.parametrize("language", LANGUAGES)
def test_nobody_stands_before_the_page_of_an_error_unless_its_name_says_so(opened: Open, language: str) -> None:
    """A fault can be one language's alone; axe-core finds nothing wrong with the page that then appears."""
    found = {one.name: answer_in(opened, one, language).status_code for one in opened.pages}
    assert {name: status for name, status in found.items() if status != ERRORS.get(name, 200)} == {}


def test_english_pages_say_nothing_in_japanese_but_what_others_wrote_and_mark_that(opened: Open) -> None:
    """WCAG 3.1.2; a text that no catalogue was asked for would be Japanese here, and marked as such."""
    faults: dict[str, list[str]] = {}
    for one in (each for each in opened.pages if not each.name.startswith(OF_STAFF)):
        page = NO_TEXT.sub("", answer_in(opened, one, ENGLISH).get_data(as_text=True))
        marked = re.findall(r'<span lang="ja">(.*?)</span>', page)
        names = {name for words in marked if words not in written_by_others() for name in re.split("[、 ]", words)}
        faults[one.name] = sorted(
            name for name in names if name not in written_by_others() and not MADE_UP.search(name)
        )
        faults[one.name] += JAPANESE_LETTERS.findall(re.sub(r'<span lang="ja">.*?</span>|<[^>]*>', "", page))
    assert wrong(faults) == {}


@cache
def written_by_others() -> str:
    """Names and texts of municipalities, providers, shops and people, of the card, and what staff wrote to people."""
    files = [*SAMPLE_DATA.glob("*.json"), Path(card_sim.__file__).parent / "data" / "test_people.json"]
    labels = [municipalities.label(code) for code in municipalities.current_table().rows]
    more = [*ON_THE_CARD, *OF_THE_TESTS, QUESTION, REASON, "日本語", "やさしい", "給付担当窓口"]
    return "\n".join([*(file.read_text(encoding="utf-8") for file in files), *labels, *more])


def test_every_page_is_accessible(seen_on_the_phone: dict[str, Seen]) -> None:
    assert wrong({name: seen.faults for name, seen in seen_on_the_phone.items()}) == {}


def test_every_page_holds_at_twice_the_text_size(seen_on_the_phone: dict[str, Seen]) -> None:
    """WCAG 1.4.4: 200 % text on a phone loses nothing and scrolls in one direction only."""
    assert wrong({name: seen.twice_as_large for name, seen in seen_on_the_phone.items()}) == {}


@pytest.mark.full
def test_every_page_holds_in_the_readers_own_colours_and_without_motion(opened: Open, chromium: Chromium) -> None:
    faults: dict[str, list[str]] = {}
    for one in opened.pages:
        with context_for(chromium, opened.address, one, PHONE, JAPANESE) as context:
            page = context.new_page()
            # Before the page comes, as with a person who set it: what had begun to fade would still be fading.
            page.emulate_media(reduced_motion="reduce")
            page.goto(opened.address + one.path)
            one.finish(page)
            for summary in page.locator("main details > summary").all():
                summary.click()
            faults[one.name] = in_other_colours(page, one.name)
    assert wrong(faults) == {}


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


@pytest.mark.full
def test_every_page_answers_without_javascript(opened: Open, chromium: Chromium) -> None:
    faults: dict[str, list[str]] = {}
    for one in opened.pages:
        with context_for(chromium, opened.address, one, PHONE, java_script_enabled=False) as context:
            page = context.new_page()
            page.goto(opened.address + one.path)
            one.finish(page)
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
