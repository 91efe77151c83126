"""Interfaces for machines. Requests are public, signed, or carry their own credential; only the sending of an
application (``applications.py``) stands on a person's session, with its token against forgery."""

from app.web.api.agents import blueprint
from app.web.api.applications import blueprint as application_blueprint
from app.web.api.providers import blueprint as provider_blueprint
from app.web.api.public import blueprint as public_blueprint
from app.web.api.purchases import blueprint as purchase_blueprint

__all__ = ["application_blueprint", "blueprint", "provider_blueprint", "public_blueprint", "purchase_blueprint"]
