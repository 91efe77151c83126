"""The page of staff: what stands ready at this terminal, and the visit that is going on."""

from __future__ import annotations

from flask import redirect, render_template, url_for
from werkzeug.wrappers import Response

from app import cards, db, municipalities
from app.organisations import ROLES, SignedInStaff
from app.web.counter import blueprint
from app.web.staff import current_staff, this_terminal


@blueprint.get("/counter")
def home() -> str | Response:
    """The desk."""
    staff, terminal = current_staff(), this_terminal()
    if staff is None or terminal is None:
        return redirect(url_for("counter.sign_in"), code=303)
    with db.reading() as session:
        reader = cards.reader_at_counter(session, terminal.agent_id)
    return render_template(
        "counter/home.html",
        terminal=terminal,
        municipality_label=municipalities.label(terminal.municipality_code),
        staff=staff_line(staff),
        reader={"name": reader.name, "online": reader.online, "reader_no": reader.reader_no} if reader else None,
    )


def staff_line(staff: SignedInStaff) -> dict[str, str]:
    """Who is signed in, in words."""
    return {"name": staff.name, "roles": "、".join(ROLES[role] for role in sorted(staff.roles))}
