"""Beside the visits: alarms for the supervisor (BR-55) and tickets at closing time."""

from __future__ import annotations

from uuid import UUID

from flask import redirect, render_template, request, url_for
from werkzeug.exceptions import Forbidden, NotFound
from werkzeug.wrappers import Response

from app import clock, counter, db
from app.errors import DomainError
from app.language import minute_text, moment_text
from app.organisations import Role, SignedInStaff, Terminal
from app.web.counter import blueprint
from app.web.counter.desk import policies_here
from app.web.staff import current_staff, require_role, staff_line, this_terminal

ALARM_TEXTS = {
    "E801": "2回目に、はじめと別のカードが置かれました。手続は消去済みです。",
    "E803": "同じ職員の受付で、同じ決済サービスのIDが2人の方に入力されました。",
}
Errors = list[dict[str, str | None]]


@blueprint.get("/counter/alarms")
def alarms() -> str | Response:
    """What a supervisor has to look at."""
    staff, terminal = current_staff(), this_terminal()
    if staff is None or terminal is None:
        return redirect(url_for("counter.sign_in"), code=303)
    require_role(staff, Role.APPROVER, Role.AUDITOR)
    return _alarms_page(staff, terminal)


@blueprint.post("/counter/alarms/<uuid:alarm_id>")
def close_alarm(alarm_id: UUID) -> Response | tuple[str, int]:
    """Looked at, with a note, by somebody else than it is about."""
    staff, terminal = current_staff(), this_terminal()
    if staff is None or terminal is None:
        raise Forbidden()
    require_role(staff, Role.APPROVER)
    try:
        counter.close_alarm(alarm_id, staff, request.form.get("note", ""))
    except counter.NotYours:
        raise Forbidden() from None
    except LookupError:
        raise NotFound() from None
    except ValueError:
        error = {"field": f"note-{alarm_id}", "text": "確かめた内容を、400文字までで書いてください。", "code": None}
        return _alarms_page(staff, terminal, [error]), 422
    return redirect(url_for("counter.alarms"), code=303)


@blueprint.get("/counter/tickets")
def tickets() -> str | Response:
    """Tickets of the queue."""
    staff, terminal = current_staff(), this_terminal()
    if staff is None or terminal is None:
        return redirect(url_for("counter.sign_in"), code=303)
    require_role(staff, Role.COUNTER)
    return _tickets_page(staff, terminal)


@blueprint.post("/counter/tickets")
def issue_ticket() -> str | tuple[str, int]:
    """The next number, to be printed."""
    staff, terminal = current_staff(), this_terminal()
    if staff is None or terminal is None:
        raise Forbidden()
    require_role(staff, Role.COUNTER)
    try:
        ticket = counter.issue_ticket(staff, request.form.get("policy_id", ""))
    except LookupError:
        error = {"field": "policy_id", "text": "施策を選んでください。", "code": None}
        return _tickets_page(staff, terminal, [error]), 422
    except DomainError as problem:
        error = {"field": "policy_id", "text": problem.wording(), "code": problem.code}
        return _tickets_page(staff, terminal, [error]), 422
    return _tickets_page(staff, terminal, issued=ticket)


def _alarms_page(staff: SignedInStaff, terminal: Terminal, errors: Errors | None = None) -> str:
    with db.reading() as session:
        found = counter.alarms_of(session, staff.municipality_code)
    rows = [
        {
            "id": one.alarm_id,
            "code": one.code,
            "text": ALARM_TEXTS[one.code],
            "terminal_name": one.terminal_name,
            "staff_id": one.staff_id,
            "policy_id": one.policy_id,
            "raised_text": minute_text(one.raised_at),
            "seen_by": one.seen_by,
            "note": one.note,
            "may_close": Role.APPROVER in staff.roles and one.seen_by is None and one.staff_id != staff.staff_id,
        }
        for one in found
    ]
    return render_template(
        "counter/alarms.html", terminal=terminal, staff=staff_line(staff), alarms=rows, errors=errors
    )


def _tickets_page(
    staff: SignedInStaff,
    terminal: Terminal,
    errors: Errors | None = None,
    issued: counter.TicketView | None = None,
) -> str:
    with db.reading() as session:
        found = counter.tickets_of(session, staff.municipality_code)
        choices = policies_here(session, terminal.municipality_code)
    return render_template(
        "counter/tickets.html",
        terminal=terminal,
        staff=staff_line(staff),
        policies=choices,
        tickets=[
            {
                "number": f"{one.number:04d}",
                "title": one.policy_title,
                "at_text": moment_text(one.issued_at),
                "is_used": one.is_used,
            }
            for one in found
        ],
        issued={
            "number": f"{issued.number:04d}",
            "title": issued.policy_title,
            "at_text": moment_text(issued.issued_at),
        }
        if issued
        else None,
        now_text=minute_text(clock.now()),
        errors=errors,
    )
