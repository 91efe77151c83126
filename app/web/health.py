"""For machines: is the process alive, and can it serve?"""

from __future__ import annotations

from flask import Blueprint, Response, jsonify
from sqlalchemy import text

from app import clock, db
from app.migrations import head_revision

WORKER_SEEN_SECONDS = 60

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def healthz() -> Response:
    """The process answers, with the time it acts by; says nothing of what it depends on."""
    return jsonify(status="ok", now=clock.now().isoformat())


@blueprint.get("/readyz")
def readyz() -> tuple[Response, int]:
    """Database reachable, migrations current, a worker seen within the last minute; else 503 and which is missing."""
    checks = {"database": False, "migrations": False, "worker": False}
    try:
        with db.reading() as session:
            checks["database"] = True
            revision = session.scalar(text("SELECT version_num FROM alembic_version"))
            checks["migrations"] = revision == head_revision()
            seen = text(
                "SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > now() - make_interval(secs => :s)"
            )
            checks["worker"] = bool(session.scalar(seen, {"s": WORKER_SEEN_SECONDS}))
    except Exception as error:  # any failure means "not ready", and the body says at which step
        return jsonify(status="not ready", checks=checks, error=type(error).__name__), 503
    ready = all(checks.values())
    return jsonify(status="ready" if ready else "not ready", checks=checks), 200 if ready else 503
