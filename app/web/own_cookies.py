"""Cookies of their own for staff, their terminal and the resident's screen.

They are no part of a resident's session: a browser may hold both, and neither can become the other.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from flask import current_app, request
from werkzeug.wrappers import Response

CookieName = Literal["todoke_staff", "todoke_desk", "todoke_screen"]
MAX_TOKEN_LENGTH = 100


def read_cookie(name: CookieName) -> str | None:
    """The token of this cookie, or None."""
    token = request.cookies.get(_full(name))
    return token if token and len(token) <= MAX_TOKEN_LENGTH else None


def set_cookie(response: Response, name: CookieName, token: str, age: timedelta | None = None) -> None:
    """Give the browser a token. Without an age it lasts as long as the browser runs."""
    response.set_cookie(
        _full(name),
        token,
        max_age=age,
        path="/",
        secure=bool(current_app.config["SESSION_COOKIE_SECURE"]),
        httponly=True,
        samesite="Strict",
    )


def drop_cookie(response: Response, name: CookieName) -> None:
    """Take the token back."""
    secure = bool(current_app.config["SESSION_COOKIE_SECURE"])
    response.delete_cookie(_full(name), path="/", secure=secure, httponly=True, samesite="Strict")


def _full(name: str) -> str:
    return f"__Host-{name}" if current_app.config["SESSION_COOKIE_SECURE"] else name
