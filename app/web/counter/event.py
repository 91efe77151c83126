"""The venue's code on a screen of the municipality: new every minute, shown by staff who are signed in."""

from __future__ import annotations

from flask import Response as FlaskResponse
from flask import current_app, jsonify, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.exceptions import Unauthorized
from werkzeug.wrappers import Response

from app import db, municipalities, policies
from app.organisations import Role
from app.settings import Settings
from app.web.counter import blueprint
from app.web.event_codes import EventOfPolicy, code_of, events_of, step_now
from app.web.pages import qr_svg
from app.web.staff import current_staff, require_role, staff_line, this_terminal


@blueprint.get("/counter/event")
def event() -> str | Response:
    """Choose an event, show its code."""
    staff, terminal = current_staff(), this_terminal()
    if staff is None or terminal is None:
        return redirect(url_for("counter.sign_in"), code=303)
    require_role(staff, Role.COUNTER)
    with db.reading() as session:
        events = _events_here(session, terminal.municipality_code)
    chosen = next((one for one in events if _value(one) == request.args.get("event")), None)
    return render_template(
        "counter/event.html",
        terminal=terminal,
        staff=staff_line(staff),
        events=[(_value(one), one.policy.document.title) for one in events],
        shown=_shown(chosen) if chosen else None,
    )


@blueprint.get("/counter/event/state")
def event_state() -> FlaskResponse:
    """For the page's script: the present minute."""
    if current_staff() is None:
        raise Unauthorized()
    return jsonify(state=str(step_now()))


def _shown(one: EventOfPolicy) -> dict[str, object]:
    settings: Settings = current_app.extensions["todoke"]
    code = code_of(current_app.config["SECRET_KEY"], one.policy.policy_id, one.event)
    # The address of the resident's page: "counter" knows no route of another audience.
    return {
        "title": one.policy.document.title,
        "qr_svg": qr_svg(f"{settings.public_url}/events/{code}"),
        "step": str(step_now()),
    }


def _value(one: EventOfPolicy) -> str:
    return f"{one.policy.policy_id}/{one.event}"


def _events_here(session: Session, municipality_code: str) -> list[EventOfPolicy]:
    found: list[EventOfPolicy] = []
    for code in (municipality_code, municipalities.get(municipality_code).prefecture_code):
        for card in policies.search(session, municipality=code).items:
            policy = policies.get(session, card.policy_id)
            if policy is not None:
                found += events_of(policy)
    return list({_value(one): one for one in found}.values())
