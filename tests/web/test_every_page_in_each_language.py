"""Every page in three languages at four widths: nothing for axe-core to find, no sideways scroll, large targets."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser as Chromium

from app.language import EASY, ENGLISH, JAPANESE
from tests.web.every_page import is_in_japanese_alone
from tests.web.looking import PHONE, Open, faults_of, opened, picture, wrong
from tests.web.page_of import PageOf, context_for

__all__ = ["opened"]

pytestmark = [pytest.mark.browser, pytest.mark.full]

WIDTHS = (320, PHONE, 768, 1280)
PICTURED = (PHONE, 1280)
PARTS = 4


def look(chromium: Chromium, address: str, one: PageOf, language: str) -> list[str]:
    """One visit, through a window that changes its width."""
    found: list[str] = []
    with context_for(chromium, address, one, WIDTHS[0], language) as context:
        page = context.new_page()
        page.goto(address + one.path)
        one.finish(page)
        for summary in page.locator("main details > summary").all():
            summary.click()
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 844})
            found += [f"at {width}: {fault}" for fault in faults_of(page, width)]
            if width in PICTURED:
                picture(page, f"{one.name}-{language.replace('@', '-')}-{width}")
    return found


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("language", [JAPANESE, EASY, ENGLISH])
def test_every_page_is_accessible_in_each_language_at_each_width(
    opened: Open, chromium: Chromium, language: str, part: int
) -> None:
    said = [one for one in opened.pages if language == JAPANESE or not is_in_japanese_alone(one)]
    pages = said[part::PARTS]
    assert len(pages) > 20
    assert wrong({one.name: look(chromium, opened.address, one, language) for one in pages}) == {}
