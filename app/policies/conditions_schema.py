"""The JSON Schema of the tree of conditions, for whoever writes one elsewhere (docs/conditions.schema.json)."""

from __future__ import annotations

import json

from pydantic.json_schema import GenerateJsonSchema

from app.policies.conditions_tree import SCHEMA_VERSION, ConditionsDocument


def schema_text() -> str:
    """The schema as it stands in the documentation: JSON Schema 2020-12, keys in a fixed order."""
    schema = {
        "$schema": GenerateJsonSchema.schema_dialect,
        "title": f"todoke conditions, version {SCHEMA_VERSION}",
        **ConditionsDocument.model_json_schema(mode="validation"),
    }
    return json.dumps(schema, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
