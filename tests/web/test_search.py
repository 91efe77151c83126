"""The public catalogue: what a search finds, and what hostile searches get."""

from __future__ import annotations

import re

import pytest

from tests.web.service import Browser, check_is_clear

HOSTILE = (
    "'; DROP TABLE policies; --",
    "%_%\\",
    "<script>alert(1)</script>",
    "{{ 7 * 7 }}",
    "\u200b\u202eあさひ",
    "😀" * 200,
    "あ" * 2000,
    "../../../etc/passwd",
)


def found(browser: Browser, query: str = "") -> list[str]:
    """The policies on a page of results, in order."""
    page = browser.get(f"/policies?{query}")
    assert page.status_code == 200, query
    return list(dict.fromkeys(re.findall(r'href="/policies/(P-[0-9-]+)"', page.get_data(as_text=True))))


def test_a_keyword_is_found_in_the_title_and_the_municipality(browser: Browser) -> None:
    assert found(browser, "keyword=くらし応援") == ["P-001"]
    assert set(found(browser, "keyword=みどり町")) == {"P-003", "P-015"}
    assert found(browser, "keyword=くらし応援 みどり町") == []


def test_a_municipality_finds_its_own_and_those_of_its_prefecture(browser: Browser) -> None:
    of_asahi = found(browser, "municipality=992011")
    assert {"P-001", "P-006", "P-009", "P-012", "P-013"} <= set(of_asahi)
    assert "P-004" not in of_asahi


def test_a_category_finds_only_its_own(browser: Browser) -> None:
    page = browser.get("/policies").get_data(as_text=True)
    (category,) = re.findall(r'<option value="(\w+)"[^>]*>高齢者・介護</option>', page)
    assert found(browser, f"category={category}") == ["P-017"]


def test_open_now_leaves_out_the_full_the_closed_and_the_coming(browser: Browser) -> None:
    everything, open_now = found(browser), found(browser, "open_now=1")
    assert {"P-002", "P-003", "P-020"} <= set(everything)
    assert not {"P-002", "P-003", "P-006", "P-011", "P-020"} & set(open_now)
    assert "P-001" in open_now


def test_at_once_finds_what_the_card_alone_decides_and_a_service_gives_at_once(browser: Browser) -> None:
    assert "P-001" in found(browser, "at_once=1")
    assert "P-004" not in found(browser, "at_once=1"), "a day of cooling-off is not at once"


def test_drafts_are_nowhere(browser: Browser) -> None:
    assert "P-005" not in found(browser, "keyword=はなの市")
    check_is_clear(browser.get("/policies/P-005"), 404)


@pytest.mark.parametrize("page", ["0", "-1", "2", "999999999999999999999", "x", "", "1.5", "１"])
def test_a_page_out_of_bounds_shows_the_nearest_there_is(browser: Browser, page: str) -> None:
    assert found(browser, f"page={page}")


def test_hostile_searches_find_nothing_and_break_nothing(browser: Browser) -> None:
    for words in HOSTILE:
        for field in ("keyword", "municipality", "category"):
            page = browser.get("/policies", query_string={field: words})
            assert page.status_code == 200, (field, words)
            body = page.get_data(as_text=True)
            assert "<script>alert" not in body
            assert "該当する施策は、現在ありません" in body or field == "keyword", (field, words)


def test_an_unknown_choice_finds_nothing(browser: Browser) -> None:
    assert found(browser, "municipality=000000") == []
    assert found(browser, "category=nothing") == []
