"""The resident's pages: from identity to the status of an application."""

from flask import Blueprint

blueprint = Blueprint("resident", __name__)

from app.web.resident import apply, assign, guardian, reading, service, status  # noqa: E402  # routes register on the blueprint

__all__ = ["apply", "assign", "blueprint", "guardian", "reading", "service", "status"]
