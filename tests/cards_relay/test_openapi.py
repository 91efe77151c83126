"""docs/openapi.json: kept from the models, complete, and true of what the service answers."""

from __future__ import annotations

import json
import re
from pathlib import Path

from app.web.api.openapi import document, parts, text
from tests.web.service import Service

FILE = Path(__file__).parents[2] / "docs" / "openapi.json"


def test_the_file_is_what_the_models_say() -> None:
    assert FILE.read_text(encoding="utf-8") == text(), "run: todoke openapi --write docs/openapi.json"


def test_every_route_for_machines_is_described(service: Service) -> None:
    routes = {
        re.sub("<(?:[a-z]+:)?([a-z_]+)>", r"{\1}", rule.rule)
        for rule in service.app.url_map.iter_rules()
        if rule.rule.startswith("/api/")
    }
    assert routes == set(document(parts())["paths"])


def test_every_reference_leads_somewhere() -> None:
    whole = document(parts())
    references = [line.split('"')[3] for line in json.dumps(whole, indent=1).splitlines() if '"$ref"' in line]
    assert references
    for reference in references:
        place = whole
        for part in reference.removeprefix("#/").split("/"):
            place = place[part]
        assert place


def test_no_schema_has_a_place_for_a_pin() -> None:
    schemas = document(parts())["components"]["schemas"]
    fields = {(name, field) for name, schema in schemas.items() for field in schema.get("properties", {})}
    assert {field for field in fields if "pin" in field[1].lower()} == {("ResultIn", "pin_kind"), ("SlotOut", "pin")}
    assert schemas["SlotOut"]["properties"]["pin"]["enum"] == ["text", "auth"]
