"""What every response and every form has: security headers, limits, and the refusal of My Numbers (BR-57)."""

from __future__ import annotations

import re
import secrets

from flask import Flask, Response, g, request
from werkzeug.exceptions import BadRequest, NotFound, RequestEntityTooLarge

from app.errors import DomainError
from app.my_number import looks_like_my_number
from app.settings import Settings

MAX_FIELD_LENGTH = 2_000
MAX_FIELDS = 60
SERVICE_WORKER = "/static/service-worker.js"
# Made by us and signed; random characters of theirs could look like a number.
SIGNED_BY_US = frozenset({"csrf_token", "form_token"})
# What names a visit, a proposal, a terminal in our own forms: hexadecimal, so that one in 800 looks like it.
# Only a value that is nothing else; what people write is looked at again by the use case that would keep it.
_REFERENCE = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[47][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
# The one field whose own format may be 12 digits: its route decides (BR-58).
OWN_CHECK = frozenset(
    {("resident.check_account", "account"), ("resident.assign_check", "account"), ("counter.screen_account", "account")}
)

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "script-src 'self' 'nonce-{nonce}'",
        "worker-src 'self'",
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

    @app.context_processor
    def _nonce() -> dict[str, str]:
        return {"csp_nonce": nonce()}

    @app.after_request
    def _headers(response: Response) -> Response:
        headers = response.headers
        headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY.format(nonce=nonce()))
        headers.setdefault("X-Content-Type-Options", "nosniff")
        headers.setdefault("Referrer-Policy", "same-origin")
        headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
        if settings.is_https:
            headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
        if request.endpoint != "static" or response.status_code >= 400:
            headers.setdefault("Cache-Control", "no-store")
        if request.path == SERVICE_WORKER:
            headers["Service-Worker-Allowed"] = "/"
            headers["Cache-Control"] = "no-cache"
        return response


def nonce() -> str:
    """What marks the scripts of this one answer as ours."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    return str(g.csp_nonce)


def _check_input() -> None:
    if _has_control_characters(request.path):
        raise NotFound()
    fields = list(request.args.items(multi=True))
    if request.mimetype in ("application/x-www-form-urlencoded", "multipart/form-data"):
        fields += request.form.items(multi=True)
        if request.content_length and not request.form and not request.files:
            raise BadRequest("the form can't be read")
    if len(fields) > MAX_FIELDS:
        raise RequestEntityTooLarge()
    for name, value in fields:
        _check_value(name, name)
        _check_value(name, value)


def _check_value(name: str, value: str) -> None:
    if len(value) > MAX_FIELD_LENGTH:
        raise RequestEntityTooLarge()
    if _has_control_characters(value):
        raise BadRequest("control characters")
    if name in SIGNED_BY_US or (request.method == "POST" and (request.endpoint, name) in OWN_CHECK):
        return
    if looks_like_my_number(value) and not _REFERENCE.fullmatch(value):
        raise DomainError("E309")


# All of Unicode's categories Cc and Cs (the halves of surrogate pairs) but tab and the ends of lines.
_CONTROL_CHARACTERS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


def _has_control_characters(value: str) -> bool:
    return _CONTROL_CHARACTERS.search(value) is not None
