"""Pages about the service itself: what was tested for accessibility, what works without a connection, the parts."""

from __future__ import annotations

from flask import current_app, render_template
from werkzeug.exceptions import NotFound

from app.settings import Environment, Settings
from app.web.public import blueprint


@blueprint.get("/accessibility")
def accessibility() -> str:
    """What the pages aim at, what was tested and how, and what is known to be missing."""
    return render_template("public/accessibility.html")


@blueprint.get("/offline")
def offline() -> str:
    """Kept by the service worker and shown without a connection; nobody's data is on it."""
    return render_template("public/offline.html")


@blueprint.get("/styleguide")
def styleguide() -> str:
    """Every component as the pages use it; where people apply in earnest there is no such page."""
    settings: Settings = current_app.extensions["todoke"]
    if settings.environment is Environment.PRODUCTION:
        raise NotFound()
    return render_template("public/styleguide.html")
