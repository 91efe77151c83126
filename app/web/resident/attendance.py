"""Attendance at an event: the venue's code was scanned, and the own card says who was there (P-014)."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import current_app, redirect, render_template, request, url_for
from flask import session as web_session
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from app import applications, clock, db, policies
from app.web.event_codes import CodeTooOld, read_code
from app.web.resident import blueprint
from app.web.resident.context import office
from app.web.sign_in import signed_in_person

KEPT_FOR = timedelta(minutes=30)
"""After the scan, for having the card read."""
KEY = "attendance"
STATED_BY = "event_qr"


@blueprint.get("/events/<code>")
def scan_event(code: str) -> Response | tuple[str, int]:
    """Somebody scanned the code. Only the event is kept in this browser, and the address is left behind."""
    try:
        with db.reading() as session:
            found = read_code(session, current_app.config["SECRET_KEY"], code)
    except CodeTooOld:
        return render_template("resident/attendance.html", state="old"), 410
    if found is None:
        raise NotFound()
    web_session[KEY] = [found.policy.policy_id, found.event, clock.real_now().isoformat()]
    return redirect(url_for("resident.attendance"), code=303)


@blueprint.get("/attendance")
def attendance() -> str | tuple[str, int]:
    """What was scanned, and what is still to be done."""
    if request.args.get("sent") == "1":
        return render_template("resident/attendance.html", state="done")
    pending = _pending()
    if pending is None:
        return render_template("resident/attendance.html", state="none"), 410
    with db.reading() as session:
        policy = policies.get(session, pending[0])
    if policy is None:
        raise NotFound()
    state = "ready" if signed_in_person() is not None else "card"
    line = {"title": policy.document.title, "municipality_label": policy.municipality_label, "amount_text": None}
    return render_template("resident/attendance.html", state=state, policy=line, office=office(policy))


@blueprint.post("/attendance")
def record_attendance() -> Response | tuple[str, int]:
    """The signed-in person was there. Sent again it changes nothing."""
    person_id, pending = signed_in_person(), _pending()
    if pending is None:
        return render_template("resident/attendance.html", state="none"), 410
    if person_id is None:
        return redirect(url_for("resident.attendance"), code=303)
    applications.record_attendance(person_id, pending[1], on_the_right_day=True, stated_by=STATED_BY)
    web_session.pop(KEY, None)
    return redirect(url_for("resident.attendance", sent="1"), code=303)


def _pending() -> tuple[str, str] | None:
    kept = web_session.get(KEY)
    if not kept:
        return None
    policy_id, event, scanned_at = kept
    if clock.real_now() - datetime.fromisoformat(scanned_at) > KEPT_FOR:
        web_session.pop(KEY, None)
        return None
    return str(policy_id), str(event)
