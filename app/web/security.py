"""What every response and every form has: security headers, limits, and the refusal of My Numbers (BR-57)."""

from __future__ import annotations

import unicodedata

from flask import Flask, Response, request
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge

from app.errors import DomainError
from app.my_number import looks_like_my_number
from app.settings import Settings

MAX_FIELD_LENGTH = 2_000
MAX_FIELDS = 60
# Fields whose own route decides, because the field's own format may be 12 digits (BR-58) or is no text of a person.
OWN_CHECK = frozenset({"account", "csrf_token", "form_token"})

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "script-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "font-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)


def install(app: Flask, settings: Settings) -> None:
    """Put the checks before, and the headers after, every request."""
    app.before_request(_check_input)

    @app.after_request
    def _headers(response: Response) -> Response:
        headers = response.headers
        headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        headers.setdefault("X-Content-Type-Options", "nosniff")
        headers.setdefault("Referrer-Policy", "same-origin")
        headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
        if settings.is_https:
            headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
        if request.endpoint != "static":
            headers.setdefault("Cache-Control", "no-store")
        return response


def _check_input() -> None:
    if request.method in ("GET", "HEAD"):
        fields = request.args
    elif request.mimetype in ("application/x-www-form-urlencoded", "multipart/form-data"):
        fields = request.form
    else:
        return
    if sum(len(values) for _, values in fields.lists()) > MAX_FIELDS:
        raise RequestEntityTooLarge()
    for name, values in fields.lists():
        for value in values:
            _check_value(name, value)


def _check_value(name: str, value: str) -> None:
    if len(value) > MAX_FIELD_LENGTH:
        raise RequestEntityTooLarge()
    if any(unicodedata.category(ch) in ("Cc", "Cs") and ch not in "\r\n\t" for ch in value):
        raise BadRequest("control characters")
    if name not in OWN_CHECK and looks_like_my_number(value):
        raise DomainError("E309")
