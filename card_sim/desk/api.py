"""The desk for programs: the same acts as JSON. Every answer tells whose card lies on the reader."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import BadRequest

from card_sim.desk.state import the_desk

blueprint = Blueprint("api", __name__)


@blueprint.get("/healthz")
def healthz() -> Response:
    """The process is alive."""
    return jsonify(status="ok")


@blueprint.get("/api/state")
def state() -> Response:
    """Whose card lies on the reader (`lying`, null for none) and the desk's clock (`now`)."""
    desk = the_desk()
    return jsonify(lying=desk.tray.lying, now=desk.now().isoformat())


@blueprint.post("/api/lay")
def lay() -> Response:
    """Lay the card of `person_id` on the reader, in place of another. 404 unknown, 503 no reader."""
    the_desk().lay(_person_id())
    return state()


@blueprint.post("/api/remove")
def remove() -> Response:
    """Take the card off the reader; also fine when none lies there."""
    the_desk().tray.take_away()
    return state()


@blueprint.post("/api/reset")
def reset() -> Response:
    """Put the card of `person_id` back to how it was handed out."""
    the_desk().reset(_person_id())
    return state()


def _person_id() -> str:
    # Flask answers 415 to anything but application/json, which no form of a foreign page can send.
    body = request.get_json()
    person_id = body.get("person_id") if isinstance(body, dict) else None
    if not isinstance(person_id, str):
        raise BadRequest
    return person_id
