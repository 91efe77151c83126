"""The public JSON interface: search of policies and of places. No sign-in, no cookie, nothing personal."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from flask import Blueprint, Response, current_app, request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from werkzeug.exceptions import BadRequest

from app import db, municipalities
from app.policies import Choice, PolicyCard
from app.web.api.openapi import ApiPart, json_answer, problem, query_parameters
from app.web.policy_search import MAX_PLACE_CHARACTERS, SearchInput, SearchResult, run_search

blueprint = Blueprint("api_public", __name__, url_prefix="/api/v1")


class PolicyQuery(BaseModel):
    """What to search for; everything may be left out."""

    model_config = ConfigDict(extra="forbid")

    place: str = Field("", max_length=MAX_PLACE_CHARACTERS, description="Name, kana, or the beginning of an address")
    municipality: str = Field("", pattern="^([0-9]{6})?$", description="Six-digit code; goes before `place`")
    category: Literal["", "shopping", "childcare_education", "health", "community", "elderly_care", "other"] = Field(
        "", description="One of the six categories"
    )
    keyword: str = Field("", max_length=200, description="Words that all occur in title or text; one character will do")
    open_now: bool = Field(False, description="Only what takes applications now")
    at_once: bool = Field(False, description="Only what the card alone decides and a service grants at once")
    amount: int | None = Field(None, ge=1, le=1_000_000_000, description="At least so many points")
    timing: Literal["", "simple", "rebate"] = Field("", description="Simple grant, or share of purchases")
    soon: Literal["", "begin", "end"] = Field("", description="Begins within 30 days, or ends within 14")
    service: str = Field("", max_length=40, description="Id of a payment service that can receive it")
    page: int = Field(1, ge=1, le=1_000_000_000, description="From 1; a page beyond the last gives the last")


class PolicyOut(BaseModel):
    """One policy in the results; `apply_text` says in one sentence whether one can still apply."""

    policy_id: str
    title: str
    municipality_code: str
    municipality_label: str
    category: str
    category_label: str
    timing: str
    state: str
    state_label: str
    can_apply: bool
    apply_text: str
    amount_text: str
    apply_from: AwareDatetime
    apply_to: AwareDatetime
    at_once: bool
    seats_left: int | None
    services: list[str]


class ChoiceOut(BaseModel):
    """A value to narrow the results by, and how many then remain."""

    value: str
    label: str
    count: int


class FacetsOut(BaseModel):
    """Counts of all results, not only of this page."""

    category: list[ChoiceOut]
    timing: list[ChoiceOut]
    place: list[ChoiceOut]
    state: list[ChoiceOut]
    service: list[ChoiceOut]


class PlaceOut(BaseModel):
    """A municipality, ward or prefecture."""

    code: str
    label: str


class PolicyPage(BaseModel):
    """One page of results. When a typed place may be several, `candidates` has them and `items` is empty."""

    items: list[PolicyOut]
    total: int
    page: Annotated[int, Field(ge=1)]
    pages: Annotated[int, Field(ge=1)]
    municipality: PlaceOut | None
    candidates: list[PlaceOut]
    facets: FacetsOut


class PlaceQuery(BaseModel):
    """A place as people type it."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(min_length=1, max_length=400, description="Name, kana, or the beginning of an address")


class PlaceAnswer(BaseModel):
    """The one place meant, or the places to choose from; neither when the text names none."""

    place: PlaceOut | None
    candidates: list[PlaceOut]


@blueprint.get("/policies")
def search() -> Response:
    """Search policies."""
    query = _query(PolicyQuery)
    asked = SearchInput(**{name: getattr(query, name) for name in PolicyQuery.model_fields})
    with db.looking() as session:
        result = run_search(session, asked)
    return _answer(_page(result))


@blueprint.get("/places")
def places() -> Response:
    """Find the municipality of a typed name, reading or address."""
    found = municipalities.find_place(_query(PlaceQuery).text)
    return _answer(
        {"place": _place(found.code) if found.code else None, "candidates": [_place(code) for code in found.candidates]}
    )


def _page(result: SearchResult) -> dict[str, Any]:
    found = result.found
    facets = found.facets if found else {}
    return {
        "items": [_policy(card) for card in found.items] if found else [],
        "total": found.total if found else 0,
        "page": found.number if found else 1,
        "pages": found.pages if found else 1,
        "municipality": _place(result.municipality) if _is_known(result.municipality) else None,
        "candidates": [_place(code) for code in result.candidates],
        "facets": {
            name: [_choice(one, result.service_names if name == "service" else {}) for one in facets.get(name, ())]
            for name in FacetsOut.model_fields
        },
    }


def _policy(card: PolicyCard) -> dict[str, Any]:
    content = {name: getattr(card, name) for name in PolicyOut.model_fields}
    return content | {"apply_from": card.apply_from.isoformat(), "apply_to": card.apply_to.isoformat()}


def _choice(one: Choice, names: dict[str, str]) -> dict[str, Any]:
    return {"value": one.value, "label": names.get(one.value, one.label), "count": one.count}


def _is_known(code: str) -> bool:
    return code in municipalities.current_table().rows


def _place(code: str) -> dict[str, str]:
    return {"code": code, "label": municipalities.label(code)}


def _query(model: type[Any]) -> Any:
    values = request.args.to_dict()
    if len(values) != sum(1 for _ in request.args.items(multi=True)):
        raise BadRequest("a parameter stands twice")
    try:
        return model.model_validate(values)
    except ValidationError:
        raise BadRequest("a parameter has no such value") from None


def _answer(content: dict[str, Any]) -> Response:
    return Response(current_app.json.dumps(content) + "\n", mimetype="application/json")


PART = ApiPart(
    tag="policies",
    about="Search of policies and places: public, without sign-in.",
    paths={
        "/api/v1/policies": {
            "get": {
                "tags": ["policies"],
                "operationId": "searchPolicies",
                "summary": "Search policies",
                "parameters": query_parameters(PolicyQuery),
                "responses": {
                    "200": json_answer(PolicyPage, "A page of results"),
                    "400": problem("A parameter has no such value"),
                },
            }
        },
        "/api/v1/places": {
            "get": {
                "tags": ["policies"],
                "operationId": "findPlaces",
                "summary": "Find the municipality of a typed name, reading or address",
                "parameters": query_parameters(PlaceQuery),
                "responses": {
                    "200": json_answer(PlaceAnswer, "The place, or the places to choose from"),
                    "400": problem("The text is missing or too long"),
                },
            }
        },
    },
    models=(PolicyPage, PlaceAnswer),
)
