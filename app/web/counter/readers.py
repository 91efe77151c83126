"""The counter's readers for its supervisor: let one in with a code that is shown once, see them all, revoke one."""

from __future__ import annotations

import shlex
from datetime import timedelta
from uuid import UUID

from flask import current_app, redirect, render_template, request, url_for
from werkzeug.exceptions import Forbidden, NotFound
from werkzeug.wrappers import Response

from app import clock, counter, db, organisations
from app.counter import LabelRefused, ReaderCode, ReaderView
from app.errors import DomainError
from app.language import moment_text, say
from app.organisations import Role, SignedInStaff, Terminal
from app.settings import Environment, Settings
from app.web.counter import blueprint
from app.web.rate_limits import ISSUE_READER_CODE, check_limit
from app.web.staff import current_staff, require_role, staff_line, this_terminal

Errors = list[dict[str, str | None]]
KEY_FILE = "reader.key"
"""Where the commands on the page keep the reader's key: the folder in which they are typed."""
MAX_TYPED = 200


@blueprint.get("/counter/readers")
def readers() -> str | Response:
    """Which readers the municipality's counters have, and the form for one more."""
    staff, terminal = current_staff(), this_terminal()
    if staff is None or terminal is None:
        return redirect(url_for("counter.sign_in"), code=303)
    require_role(staff, Role.APPROVER, Role.AUDITOR)
    return _page(staff, terminal)


@blueprint.post("/counter/readers")
def issue_reader_code() -> str | tuple[str, int]:
    """A code, and the commands to type beside the reader. It is in this answer and nowhere else."""
    staff, terminal = _supervisor()
    check_limit(ISSUE_READER_CODE, f"staff:{staff.staff_id}")
    label = request.form.get("label", "")[:MAX_TYPED]
    try:
        code = counter.issue_reader_code(staff, label, UUID(request.form.get("terminal_id", "")))
    except LabelRefused:
        text = say("名前を、{n}文字までで入れてください。", n=counter.MAX_LABEL)
        return _page(staff, terminal, [_error("label", text)], label), 422
    except DomainError as problem:
        return _page(staff, terminal, [_error("label", problem.wording(), problem.code)]), 422
    except (LookupError, ValueError):
        return _page(staff, terminal, [_error("terminal_id", say("端末を選んでください。"))], label), 422
    return _page(staff, terminal, code=code)


@blueprint.get("/counter/readers/<uuid:agent_id>/revoke")
def ask_to_revoke(agent_id: UUID) -> str | Response:
    """What it means, before it is done."""
    staff, terminal = current_staff(), this_terminal()
    if staff is None or terminal is None:
        return redirect(url_for("counter.sign_in"), code=303)
    require_role(staff, Role.APPROVER)
    with db.reading() as session:
        found = counter.reader_of(session, staff.municipality_code, agent_id)
    if found is None:
        raise NotFound()
    if found.revoked_at is not None:
        return redirect(url_for("counter.readers"), code=303)
    return render_template(
        "counter/revoke_reader.html", terminal=terminal, staff=staff_line(staff), reader=_row(found, staff)
    )


@blueprint.post("/counter/readers/<uuid:agent_id>/revoke")
def revoke_reader(agent_id: UUID) -> Response:
    """From now on what this reader sends is refused."""
    staff, _ = _supervisor()
    try:
        counter.revoke_reader(staff, agent_id)
    except LookupError:
        raise NotFound() from None
    return redirect(url_for("counter.readers"), code=303)


def _supervisor() -> tuple[SignedInStaff, Terminal]:
    staff, terminal = current_staff(), this_terminal()
    if staff is None or terminal is None:
        raise Forbidden()
    require_role(staff, Role.APPROVER)
    return staff, terminal


def _page(
    staff: SignedInStaff,
    terminal: Terminal,
    errors: Errors | None = None,
    label: str = "",
    code: ReaderCode | None = None,
) -> str:
    with db.reading() as session:
        found = counter.readers_of(session, staff.municipality_code)
        terminals = organisations.terminals_of(session, staff.municipality_code)
    return render_template(
        "counter/readers.html",
        terminal=terminal,
        staff=staff_line(staff),
        may_change=Role.APPROVER in staff.roles,
        readers=[_row(one, staff) for one in found],
        terminals=[(str(one.terminal_id), one.name) for one in terminals],
        label=label,
        made=_made(code) if code else None,
        errors=errors,
    )


def _made(code: ReaderCode) -> dict[str, object]:
    """The code with the commands as they are typed on the machine beside the reader."""
    settings: Settings = current_app.extensions["todoke"]
    server = ["--server", settings.public_url]
    start = ["todoke", "reader", *server, "--key-file", KEY_FILE, "--pcsc"]
    if settings.environment is not Environment.PRODUCTION:
        start += ["--environment", "test"]
    return {
        "code": code.text,
        "label": code.label,
        "terminal_name": code.terminal_name,
        "minutes": code.minutes,
        "pair_command": shlex.join(["todoke", "reader", "pair", *server, "--code", code.text, "--key-file", KEY_FILE]),
        "start_command": shlex.join(start),
    }


def _row(one: ReaderView, staff: SignedInStaff) -> dict[str, object]:
    return {
        "id": one.agent_id,
        "label": one.label,
        "reader_no": one.reader_no,
        "terminal_name": one.terminal_name or say("どの端末にもありません"),
        "paired_text": moment_text(one.paired_at),
        "seen_text": _seen_text(one),
        "is_online": one.is_online,
        "revoked_text": moment_text(one.revoked_at) if one.revoked_at else None,
        "may_revoke": Role.APPROVER in staff.roles and one.revoked_at is None,
    }


def _seen_text(one: ReaderView) -> str:
    """How long ago, not when: readers are seen in real time, which the clock of a demo is not."""
    if one.last_seen_at is None:
        return say("まだ一度もありません")
    if one.is_online:
        return say("いま応答しています")
    ago = clock.real_now() - one.last_seen_at
    for unit, text in ((timedelta(days=1), "{n}日前"), (timedelta(hours=1), "{n}時間前")):
        if ago >= unit:
            return say(text, n=ago // unit)
    return say("{n}分前", n=max(1, ago // timedelta(minutes=1)))


def _error(field: str, text: str, code: str | None = None) -> dict[str, str | None]:
    return {"field": field, "text": text, "code": code}
