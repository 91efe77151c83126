"""The sample policies as documents, and changed copies of them."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import app
from app.policies import PolicyDocument

SAMPLE_DATA = Path(app.__file__).parent / "sample_data"
POLICIES_FILE = SAMPLE_DATA / "sample_policies.json"
SERVICES_FILE = SAMPLE_DATA / "sample_services.json"

ITEMS: dict[str, dict[str, Any]] = {
    item["policy_id"]: item for item in json.loads(POLICIES_FILE.read_text(encoding="utf-8"))
}
WITH_SPEND_SCOPE = {
    item["service_id"] for item in json.loads(SERVICES_FILE.read_text(encoding="utf-8")) if item["spend_scope"]
}
WITH_REBATE = {
    item["service_id"] for item in json.loads(SERVICES_FILE.read_text(encoding="utf-8")) if item["supports_rebate"]
}
SERVICE_IDS = {item["service_id"] for item in json.loads(SERVICES_FILE.read_text(encoding="utf-8"))}
AT_ONCE_SERVICES = {
    item["service_id"] for item in json.loads(SERVICES_FILE.read_text(encoding="utf-8")) if item["grant_lead"] == "PT0S"
}


def item(policy_id: str, changes: dict[str, Any] | None = None) -> dict[str, Any]:
    """A sample as it stands in the file, with changes at dotted paths; the value ``...`` removes a key."""
    copy = deepcopy(ITEMS[policy_id])
    for path, value in (changes or {}).items():
        *parents, last = path.split(".")
        part = copy
        for parent in parents:
            part = part[parent]
        if value is ...:
            del part[last]
        else:
            part[last] = value
    return copy


def document(policy_id: str, changes: dict[str, Any] | None = None) -> PolicyDocument:
    """A sample as a document, without its status."""
    content = item(policy_id, changes)
    del content["status"]
    return PolicyDocument.model_validate_json(json.dumps(content))
