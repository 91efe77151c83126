"""The counter: the browser of staff at its terminal, and the screen that faces the resident."""

from flask import Blueprint

blueprint = Blueprint("counter", __name__)

from app.web.counter import (  # noqa: E402  # routes register on the blueprint
    desk,
    documents,
    event,
    find,
    look_up,
    paper,
    paper_decisions,
    readers,
    screen,
    sign_in,
    supervise,
)

__all__ = [
    "blueprint",
    "desk",
    "documents",
    "event",
    "find",
    "look_up",
    "paper",
    "paper_decisions",
    "readers",
    "screen",
    "sign_in",
    "supervise",
]
