"""The public JSON interface is what docs/openapi.json says."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from app.web.api import openapi
from app.web.api.openapi import Problem
from app.web.api.public import PlaceAnswer, PolicyPage
from tests.web.service import Browser, Service
from tests.web.test_search import HOSTILE, found

FILE = Path(__file__).parents[2] / "docs" / "openapi.json"


def test_the_document_in_docs_is_up_to_date() -> None:
    assert FILE.read_text(encoding="utf-8") == openapi.text(), "run: todoke openapi --write docs/openapi.json"


def test_every_reference_of_the_document_leads_somewhere_and_every_route_is_in_it(service: Service) -> None:
    content = openapi.text()
    document = json.loads(content)
    for reference in {part.split('"')[0] for part in content.split('"$ref": "')[1:]}:
        target = document
        for step in reference.removeprefix("#/").split("/"):
            target = target[step]
    rules = {re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule) for rule in service.app.url_map.iter_rules()}
    routes = {rule for rule in rules if rule.startswith("/api/") and rule != "/api/openapi.json"}
    assert set(document["paths"]) == routes


@pytest.mark.parametrize(
    "query",
    [
        "",
        "municipality=992011",
        "place=あさひ市",
        "place=みらい県あさひ市本町",
        "keyword=子",
        "soon=end",
        "municipality=000000",
    ],
)
def test_every_answer_has_the_shape_that_is_declared(browser: Browser, query: str) -> None:
    response = browser.get(f"/api/v1/policies?{query}")
    assert (response.status_code, response.mimetype) == (200, "application/json")
    PolicyPage.model_validate_json(response.get_data(), strict=True)
    assert "Set-Cookie" not in response.headers


def test_it_finds_what_the_page_finds(browser: Browser) -> None:
    for query in ("", "municipality=992011", "keyword=子育て", "open_now=1", "at_once=1", "soon=end", "amount=10000"):
        answer = browser.get(f"/api/v1/policies?{query}").get_json()
        assert [one["policy_id"] for one in answer["items"]] == found(browser, query), query


def test_a_shared_name_gives_candidates_and_no_results(browser: Browser) -> None:
    answer = browser.get("/api/v1/policies?place=あさひ市").get_json()
    assert (answer["items"], answer["municipality"]) == ([], None)
    assert {place["code"] for place in answer["candidates"]} == {"992011", "982016"}


def test_places(browser: Browser) -> None:
    one = browser.get("/api/v1/places?text=みらい県あさひ市本町１丁目").get_data()
    answer = PlaceAnswer.model_validate_json(one, strict=True)
    assert answer.place is not None
    assert (answer.place.code, answer.candidates) == ("992011", [])
    assert browser.get("/api/v1/places?text=どこでもない").get_json() == {"place": None, "candidates": []}


@pytest.mark.parametrize(
    "query",
    [
        *("page=0", "page=x", "municipality=99201", "category=x", "amount=0", "amount=1.5", "timing=x", "soon=x"),
        *("unknown=1", "open_now=perhaps", "keyword=" + "あ" * 201, "page=1&page=2", "place=" + "あ" * 101),
    ],
)
def test_what_is_not_declared_is_refused_as_a_problem_document(browser: Browser, query: str) -> None:
    response = browser.get(f"/api/v1/policies?{query}")
    assert response.status_code == 400
    assert Problem.model_validate_json(response.get_data()).title == "送られた内容を読み取れませんでした"
    assert response.mimetype == "application/problem+json"


def test_hostile_values_break_nothing(browser: Browser) -> None:
    for words in HOSTILE:
        for field in ("keyword", "municipality", "category", "place", "service"):
            assert browser.get("/api/v1/policies", query_string={field: words}).status_code in (200, 400), (
                field,
                words,
            )
        assert browser.get("/api/v1/places", query_string={"text": words}).status_code in (200, 400)
