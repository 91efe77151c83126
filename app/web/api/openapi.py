"""The OpenAPI document, put together from the parts that each interface describes beside its routes.

A part is one module with ``PART``: its paths, its models and its tags. ``docs/openapi.json`` is this document, written
by ``todoke openapi --write``; a test compares the two.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

TITLE = "todoke"
VERSION = "1"
REFERENCE = "#/components/schemas/{model}"


@dataclass(frozen=True)
class ApiPart:
    """One interface: OpenAPI path items, which may refer to ``models`` by ``reference``."""

    tag: str
    about: str
    paths: Mapping[str, Any]
    models: Sequence[type[BaseModel]] = field(default=())
    requests: Sequence[type[BaseModel]] = field(default=())
    """Models as they are sent to us; ``models`` are as we answer."""
    components: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


class Problem(BaseModel):
    """A refusal as a problem document (RFC 9457). ``code`` is one of the message list, such as E309."""

    type: str
    title: str
    status: int
    code: str | None = None


def reference(model: type[BaseModel]) -> dict[str, str]:
    """A reference to a model of the document."""
    return {"$ref": REFERENCE.format(model=model.__name__)}


def json_answer(model: type[BaseModel], about: str) -> dict[str, Any]:
    """An answer that carries a model."""
    return {"description": about, "content": {"application/json": {"schema": reference(model)}}}


def problem(about: str) -> dict[str, Any]:
    """A refusal."""
    return {"description": about, "content": {"application/problem+json": {"schema": reference(Problem)}}}


def query_parameters(model: type[BaseModel]) -> list[dict[str, Any]]:
    """The fields of a model as parameters of a query."""
    schema = model.model_json_schema()
    required = set(schema.get("required", ()))
    return [
        {
            "name": name,
            "in": "query",
            "required": name in required,
            "description": about.pop("description", ""),
            "schema": {key: value for key, value in about.items() if key != "title"},
        }
        for name, about in schema["properties"].items()
    ]


def document(parts: Sequence[ApiPart]) -> dict[str, Any]:
    """The whole document: OpenAPI 3.1."""
    models = {model.__name__: model for part in parts for model in part.models} | {"Problem": Problem}
    _, definitions = models_json_schema([(model, "serialization") for model in models.values()], ref_template=REFERENCE)
    requests = [model for part in parts for model in part.requests]
    _, asked = models_json_schema([(model, "validation") for model in requests], ref_template=REFERENCE)
    schemas = {**definitions.get("$defs", {}), **asked.get("$defs", {})}
    shared: dict[str, Any] = {}
    for part in parts:
        for kind, named in part.components.items():
            shared.setdefault(kind, {}).update(named)
    return {
        "openapi": "3.1.0",
        "info": {"title": TITLE, "version": VERSION, "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}},
        "servers": [{"url": "/"}],
        "tags": [{"name": part.tag, "description": part.about} for part in parts],
        "paths": {path: item for part in parts for path, item in part.paths.items()},
        "components": {"schemas": dict(sorted(schemas.items())), **shared},
    }


def parts() -> tuple[ApiPart, ...]:
    """Every interface that is described; a new one is a line here."""
    from app.web.api import agents_document, applications, providers, public, purchases

    return (public.PART, applications.PART, providers.PART, purchases.PART, agents_document.part())


def text() -> str:
    """The document as it is kept in ``docs/openapi.json``."""
    return json.dumps(document(parts()), ensure_ascii=False, indent=1) + "\n"
