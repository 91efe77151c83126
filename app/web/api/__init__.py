"""Interfaces for machines. Nothing here has a cookie; every request is signed or carries its own credential."""

from app.web.api.agents import blueprint
from app.web.api.providers import blueprint as provider_blueprint
from app.web.api.public import blueprint as public_blueprint
from app.web.api.purchases import blueprint as purchase_blueprint

__all__ = ["blueprint", "provider_blueprint", "public_blueprint", "purchase_blueprint"]
