"""紙の申込のお知らせ: letters to those who applied on paper and have to choose a service."""

from __future__ import annotations

from typing import Any

from flask import redirect, render_template, request, url_for
from werkzeug.exceptions import Forbidden
from werkzeug.wrappers import Response

from app import counter, db
from app.applications import PaperDecision
from app.language import day_text, points_text
from app.organisations import Role, SignedInStaff, Terminal
from app.web.counter import blueprint
from app.web.counter.office import office_text
from app.web.staff import current_staff, require_role, staff_line, this_terminal

NOTHING_TO_TELL = "この番号の紙の申込には、いまお知らせすることがありません。"


@blueprint.get("/counter/paper/decisions")
def paper_decisions() -> str | Response:
    """Who has to be told."""
    staff, terminal = current_staff(), this_terminal()
    if staff is None or terminal is None:
        return redirect(url_for("counter.sign_in"), code=303)
    require_role(staff, Role.COUNTER)
    return _page(staff, terminal)


@blueprint.post("/counter/paper/decisions")
def tell_decision() -> str | tuple[str, int]:
    """The letter goes out today: it is shown, to be printed, and the days to choose begin."""
    staff, terminal = current_staff(), this_terminal()
    if staff is None or terminal is None:
        raise Forbidden()
    require_role(staff, Role.COUNTER)
    try:
        told = counter.tell(staff, request.form.get("receipt", "").strip()[:40])
    except LookupError:
        return _page(staff, terminal, NOTHING_TO_TELL), 422
    return _page(staff, terminal, told=told)


def _page(
    staff: SignedInStaff, terminal: Terminal, problem: str | None = None, told: PaperDecision | None = None
) -> str:
    with db.reading() as session:
        waiting = counter.decisions_to_tell(session, staff.municipality_code)
    return render_template(
        "counter/paper_decisions.html",
        terminal=terminal,
        staff=staff_line(staff),
        office=office_text(terminal.municipality_code),
        decisions=[_shown(one) for one in waiting],
        told=_shown(told) if told else None,
        errors=[{"field": "decisions", "text": problem, "code": None}] if problem else None,
    )


def _shown(one: PaperDecision) -> dict[str, Any]:
    return {
        "receipt_no": one.receipt_no,
        "title": one.policy_title,
        "amount_text": points_text(one.amount),
        "decided_text": day_text(one.decided_at),
        "choose_by_text": day_text(one.choose_by),
    }
