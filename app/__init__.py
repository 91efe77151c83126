"""todoke (とどけ): benefits of a municipality as cashless points. ``create_app`` is the table of contents."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from app.settings import Settings


def create_app(settings: Settings | None = None) -> Flask:
    """The Flask service. Imports happen here, so that the reader's command line needs none of them."""
    from app import start, web
    from app.settings import current

    settings = settings or current()
    start.configure(settings)
    return web.create(settings)
