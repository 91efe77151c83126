"""The public catalogue and the self-check: no sign-in, no cookie."""

from flask import Blueprint

blueprint = Blueprint("public", __name__)

from app.web.public import about, catalogue, self_check  # noqa: E402  # routes register on the blueprint

__all__ = ["about", "blueprint", "catalogue", "self_check"]
