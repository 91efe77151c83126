"""Who sends a message of a payment provider: by an HMAC over it, made with the secret that both sides share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import current_app, request
from werkzeug.exceptions import BadRequest, Unauthorized

from app import clock, points
from app.settings import Settings
from app.web.rate_limits import CALL_BACK_REFUSED, check_limit

_HEADERS = {
    "X-Todoke-Provider": "The provider's id",
    "X-Todoke-Timestamp": "Seconds since 1970 (UTC) when the message was signed; taken within five minutes",
    "X-Todoke-Event": "A UUID of the provider's own for this event; the same again changes nothing",
    "X-Todoke-Signature": "`v1=` and HMAC-SHA256, in hex, of `<timestamp>.<event>.<body>` with the shared secret",
}
HEADER_PARAMETERS: tuple[dict[str, Any], ...] = tuple(
    {"name": name, "in": "header", "required": True, "description": about, "schema": {"type": "string"}}
    for name, about in _HEADERS.items()
)


@dataclass(frozen=True)
class Authentic:
    """A message of this provider, just as it was signed."""

    provider_id: str
    event_id: str
    body: bytes


def authentic_message(max_bytes: int) -> Authentic:
    """The request's message once its signature holds; 400 when it is longer, 401 when it is forged or old."""
    if (request.content_length or 0) > max_bytes:
        raise BadRequest()
    signed = points.SignedCallBack(
        timestamp=request.headers.get("X-Todoke-Timestamp", ""),
        event_id=request.headers.get("X-Todoke-Event", ""),
        signature=request.headers.get("X-Todoke-Signature", ""),
        body=request.get_data(),
    )
    provider_id = request.headers.get("X-Todoke-Provider", "")
    settings: Settings = current_app.extensions["todoke"]
    endpoint = settings.providers.get(provider_id)
    secret = endpoint.callback_secret if endpoint else None
    if secret is None or not signed.is_authentic(secret.get_secret_value().encode(), clock.real_now()):
        check_limit(CALL_BACK_REFUSED)
        raise Unauthorized()
    return Authentic(provider_id, signed.event_id, signed.body)
