"""The sample services as documents, with changes where a test needs them."""

from __future__ import annotations

import copy
import json
from importlib import resources
from typing import Any

from app.payments import ServiceDocument

_ITEMS: dict[str, dict[str, Any]] = {
    item["service_id"]: item
    for item in json.loads(resources.files("app.sample_data").joinpath("sample_services.json").read_text("utf-8"))
}


def service_item(service_id: str = "SVC-QR-01", /, **changes: object) -> dict[str, Any]:
    """A service as it stands in a file."""
    return copy.deepcopy(_ITEMS[service_id]) | changes


def service(service_id: str = "SVC-QR-01", /, **changes: object) -> ServiceDocument:
    """A valid service."""
    return ServiceDocument.model_validate(service_item(service_id, **changes))


def every_service() -> list[ServiceDocument]:
    return [service(service_id) for service_id in _ITEMS]
