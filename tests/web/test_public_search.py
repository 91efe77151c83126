"""The search page: places by what people type, the card's address, counts as links, whether one can still apply."""

from __future__ import annotations

import re

from app import municipalities
from tests.web.service import Browser, Service, check_is_clear
from tests.web.test_search import found


def page(browser: Browser, query: str) -> str:
    response = browser.get(f"/policies?{query}")
    assert response.status_code == 200
    return response.get_data(as_text=True)


def test_a_place_is_found_by_name_reading_and_address(browser: Browser) -> None:
    expected = found(browser, "municipality=992011")
    for typed in ("みらい県あさひ市", "みらい県 あさひ市", "みらい県あさひ市本町１丁目２番３号"):
        assert found(browser, f"place={typed}") == expected, typed
    assert found(browser, "place=しらかばむら") == found(browser, "municipality=983012")


def test_br_20_a_shared_name_is_asked_about_and_never_guessed(browser: Browser) -> None:
    body = page(browser, "place=あさひ市&category=health")
    assert "「あさひ市」にあたるところが2つあります" in body
    links = re.findall(r'href="/policies\?([^"]*municipality=\d{6})"', body)
    assert {link[-6:] for link in links} == {"992011", "982016"}
    assert all("category=health" in link for link in links), "what was chosen stays"
    assert not re.search(r'href="/policies/P-', body)


def test_an_unknown_place_is_said_to_be_unknown_and_finds_nothing(browser: Browser) -> None:
    body = page(browser, "place=どこにもない町")
    assert "「どこにもない町」という自治体が見つかりません" in body
    assert not re.search(r'href="/policies/P-', body)


def test_a_place_typed_over_the_chosen_one_wins(browser: Browser) -> None:
    assert found(browser, "municipality=992011&place=みらい県あさひ市") == found(browser, "municipality=992011")
    assert found(browser, "municipality=992011&place=しらかばむら") == found(browser, "municipality=983012")
    assert found(browser, "municipality=992011&place=") == found(browser, "municipality=992011")


def test_results_say_whether_one_can_still_apply(browser: Browser) -> None:
    body = page(browser, "municipality=992011")
    assert "いま申し込めます（あと" in body
    assert "受付は終わりました" in body


def test_counts_are_links_that_find_as_many(browser: Browser) -> None:
    body = page(browser, "")
    counts = re.findall(r'<a href="/policies\?([^"]+)">([^<]+)<span class="facet-count">(\d+)件', body)
    assert len(counts) >= 10
    for query, label, count in counts:
        total = re.search(r"(\d+)件の施策", page(browser, query.replace("&amp;", "&")))
        assert total is not None
        assert "municipality=" in query or total[1] == count, label


def test_every_filter_is_kept_through_the_form(browser: Browser) -> None:
    body = page(browser, "keyword=子&amount=5000&timing=simple&soon=end&service=SVC-QR-01&category=health&open_now=1")
    for chosen in ("5000", "simple", "end", "SVC-QR-01", "health"):
        assert f'<option value="{chosen}" selected>' in body, chosen
    assert 'value="子"' in body
    assert set(found(browser, "amount=100000")) == {"P-009"}
    assert set(found(browser, "timing=rebate")) == {"P-015", "P-016"}
    for nonsense in ("amount=x", "amount=-5", "amount=1e9", "page=x"):
        assert found(browser, nonsense), nonsense
    for unknown in ("timing=x", "soon=x", "service=x"):
        assert found(browser, unknown) == [], unknown


def test_the_cards_address_is_used_only_after_a_card_was_read(service: Service) -> None:
    browser = service.browser()
    assert browser.get("/policies/near-my-card").headers["Location"] == "/policies"
    assert "near-my-card" not in page(browser, "")


def test_after_a_reading_the_search_starts_from_the_cards_municipality(service: Service) -> None:
    browser = service.browser()
    browser.read_card("TP-02")
    assert 'href="/policies/near-my-card"' in page(browser, "")
    answer = browser.get("/policies/near-my-card")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/policies?municipality=992011")


def test_nothing_of_a_search_is_kept(service: Service) -> None:
    browser = service.browser()
    response = browser.get("/policies?place=みらい県あさひ市&keyword=子育て")
    assert "Set-Cookie" not in response.headers
    assert service.rows("web_sessions") == 0


def test_a_my_number_in_the_search_is_refused(browser: Browser) -> None:
    check_is_clear(browser.get("/policies?keyword=123456789018"), 422)


def test_labels_of_places_are_those_of_the_table(browser: Browser) -> None:
    assert municipalities.label("992011") in page(browser, "municipality=992011")
