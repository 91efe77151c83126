"""Which visit a page was made for: its forms name it, so that a page left open acts for nobody else (BR-50)."""

from __future__ import annotations

from uuid import UUID

from flask import request


def shown_visit() -> UUID | None:
    """The visit that the sent form names; None for none, which fits no visit."""
    try:
        return UUID(request.form.get("visit", ""))
    except ValueError:
        return None
