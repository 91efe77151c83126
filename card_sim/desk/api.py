"""The desk for programs: the same acts as JSON. Every answer tells whose card lies on the reader."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import BadRequest

from card_sim import faults
from card_sim.desk.state import the_desk
from card_sim.faults import Fault, UnknownFault

blueprint = Blueprint("api", __name__)


@blueprint.get("/healthz")
def healthz() -> Response:
    """The process is alive."""
    return jsonify(status="ok")


@blueprint.get("/api/state")
def state() -> Response:
    """Whose card lies on the reader (`lying`, null for none), its `faults`, and the desk's clock (`now`)."""
    desk = the_desk()
    found = [str(fault) for fault in desk.tray.faults]
    return jsonify(lying=desk.tray.lying, faults=found, now=desk.now().isoformat())


@blueprint.get("/api/faults")
def known_faults() -> Response:
    """Every fault a card can be laid with: name, title, and the usual number where it takes one."""
    rows = faults.FAULTS.values()
    return jsonify(
        faults=[
            {"name": row.name, "group": row.group.value, "title": row.title, "number": row.number_default}
            for row in rows
        ]
    )


@blueprint.post("/api/lay")
def lay() -> Response:
    """Lay the card of `person_id` on the reader, in place of another, with `faults` such as ["contact_lost:5"].

    400 unknown fault, 404 unknown person, 503 no reader.
    """
    the_desk().lay(_person_id(), _faults())
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


def _faults() -> list[Fault]:
    wanted = request.get_json().get("faults", [])
    if not isinstance(wanted, list) or not all(isinstance(text, str) for text in wanted):
        raise BadRequest
    try:
        return [faults.parse(text) for text in wanted]
    except UnknownFault as unknown:
        raise BadRequest from unknown
