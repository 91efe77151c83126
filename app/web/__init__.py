"""The web side: one package per audience, and what they share."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from flask import Flask, g, request
from flask_wtf.csrf import CSRFProtect
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.middleware.proxy_fix import ProxyFix

from app import clock, db
from app.settings import Settings

_HERE = Path(__file__).parent.parent
TEMPLATES = next(folder for folder in (_HERE / "templates", _HERE.parent / "templates") if folder.is_dir())

csrf = CSRFProtect()


def create(settings: Settings) -> Flask:
    """Put the service together; the order is the order in which a request meets the parts."""
    from app.web import (
        errors,
        handlers,
        health,
        languages,
        logging,
        operations,
        pages,
        security,
        sessions,
        sign_in,
        uploads,
    )
    from app.web.api import application_blueprint as application_api
    from app.web.api import blueprint as api
    from app.web.api import provider_blueprint as provider_api
    from app.web.api import public_blueprint as public_api
    from app.web.api import purchase_blueprint as purchase_api
    from app.web.counter import blueprint as counter
    from app.web.municipality import blueprint as municipality
    from app.web.public import blueprint as public
    from app.web.resident import blueprint as resident

    app = Flask("app", template_folder=str(TEMPLATES), static_folder=str(_HERE / "static"))
    app.config.update(_config(settings))
    app.extensions["todoke"] = settings
    if settings.trusted_proxies:
        count = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)  # type: ignore[method-assign]  # how Flask says to do it
    handlers.register()
    logging.install(app)
    sessions.install(app, settings)
    languages.install(app, settings)
    _follow_clock(app)
    uploads.install(app)
    security.install(app, settings)
    csrf.init_app(app)
    sign_in.install(app)
    errors.install(app)
    pages.install(app, settings)
    pages_and_open_data = (health.blueprint, operations.blueprint, public, public_api, application_api)
    for blueprint in (*pages_and_open_data, resident, counter, municipality):
        app.register_blueprint(blueprint)
    csrf.exempt(api)  # the agents' interface has no cookies: its requests are signed
    app.register_blueprint(api)
    csrf.exempt(provider_api)  # call-backs are signed, too
    app.register_blueprint(provider_api)
    csrf.exempt(purchase_api)  # signed as call-backs are
    app.register_blueprint(purchase_api)
    return app


def _config(settings: Settings) -> dict[str, object]:
    prefix = "__Host-" if settings.is_https else ""
    return {
        "SECRET_KEY": settings.keys.signing.get_secret_value(),
        "SESSION_COOKIE_NAME": f"{prefix}todoke",
        "SESSION_COOKIE_SECURE": settings.is_https,
        "MAX_CONTENT_LENGTH": settings.max_request_bytes,
        "MAX_FORM_MEMORY_SIZE": settings.max_request_bytes,
        "MAX_FORM_PARTS": 60,
        "WTF_CSRF_TIME_LIMIT": settings.session_absolute_hours * 3600,
        "WTF_CSRF_SSL_STRICT": settings.is_https,
        "SEND_FILE_MAX_AGE_DEFAULT": timedelta(hours=1),
        "TRUSTED_HOSTS": None,
        "TEMPLATES_AUTO_RELOAD": False,
    }


def _follow_clock(app: Flask) -> None:
    """Where time is simulated, another process may move it; look every few seconds."""

    @app.before_request
    def _refresh() -> None:
        g.now = clock.now()
        if clock.is_simulated() and clock.is_stale() and request.endpoint != "static":
            # Without a database the last known offset goes on; a page that needs the database says so itself.
            with suppress(SQLAlchemyError), db.reading() as session:
                clock.load(session)
            g.now = clock.now()
