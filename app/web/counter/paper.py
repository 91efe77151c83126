"""紙の申込を入力する: what was handed in on paper, copied in afterwards with the time of its ticket."""

from __future__ import annotations

from uuid import UUID

from flask import redirect, render_template, request, url_for
from werkzeug.exceptions import Forbidden
from werkzeug.wrappers import Response

from app import counter, db
from app.db import new_id
from app.errors import DomainError
from app.language import moment_text
from app.organisations import Role, SignedInStaff, Terminal
from app.web.counter import blueprint
from app.web.counter.copied_form import (
    DAY_SHAPE,
    NO_TICKET,
    PAPER_WORDS,
    TICKET_SHAPE,
    Copied,
    Error,
    read_items,
    refused_item,
    ticket_number,
    typed_day,
)
from app.web.counter.slip_form import REASONS, is_slip, slip_of, slip_text
from app.web.staff import current_staff, require_role, staff_line, this_terminal

KEPT = ("policy_id", "proof", "ticket", "day", "written_day", "written_time", "received_by", "reason")
TICKS = {
    "signed": "申込書に署名と、3つの決まりへの同意があることを確かめて、チェックを入れてください。",
}
REFUSED: dict[type[Exception], tuple[str, str]] = {
    LookupError: ("ticket", NO_TICKET),
    counter.TicketUsed: ("ticket", NO_TICKET),
    counter.OwnPaper: ("name", "ご自身の申込は、入力できません。ほかの職員が入力します。"),
    counter.NoServiceLater: (
        "policy_id",
        "この施策は、申込のときに決済サービスを選びます。整理券を持って、ご本人に窓口へ来てもらってください。",
    ),
}


@blueprint.get("/counter/paper")
def paper() -> str | Response:
    """The form."""
    staff, terminal = current_staff(), this_terminal()
    if staff is None or terminal is None:
        return redirect(url_for("counter.sign_in"), code=303)
    require_role(staff, Role.COUNTER)
    return _page(staff, terminal)


@blueprint.post("/counter/paper")
def enter_paper() -> str | tuple[str, int]:
    """Take it in; sent twice it gives the same receipt number."""
    staff, terminal = current_staff(), this_terminal()
    if staff is None or terminal is None:
        raise Forbidden()
    require_role(staff, Role.COUNTER)
    copied = read_items(request.form, PAPER_WORDS)
    policy_id = request.form.get("policy_id", "")
    errors = [] if policy_id else [_error("policy_id", "申込書の施策を選んでください。")]
    proof, wrong = slip_of(policy_id) if is_slip() else _ticket_of(policy_id)
    errors += wrong + list(copied.errors)
    errors += [_error(field, text) for field, text in TICKS.items() if request.form.get(field) != "yes"]
    if errors or copied.items is None or proof is None:
        return _page(staff, terminal, errors, copied), 422
    try:
        receipt_no = counter.enter_paper(staff, _entry_id(), proof, copied.items)
    except counter.SlipRefused as refused:
        return _page(staff, terminal, [_error(refused.field, slip_text(refused))], copied), 422
    except (counter.ItemRefused, DomainError) as problem:
        error = refused_item(problem, PAPER_WORDS)
        if isinstance(problem, DomainError) and problem.code != "E309":
            error["field"] = "policy_id"
            return _page(staff, terminal, [error], copied), 422
        return _page(staff, terminal, [error], Copied(copied.kept(problem), None, ())), 422
    except tuple(REFUSED) as refusal:
        field, text = next(words for kind, words in REFUSED.items() if isinstance(refusal, kind))
        return _page(staff, terminal, [_error(field, text)], copied), 422
    return _page(staff, terminal, receipt_no=receipt_no)


def _ticket_of(policy_id: str) -> tuple[counter.TicketOnPaper | None, list[Error]]:
    number, day = ticket_number(request.form.get("ticket", "").strip()), typed_day(request.form.get("day", "").strip())
    errors = [] if number is not None else [_error("ticket", TICKET_SHAPE)]
    if number is None or day is None:
        return None, errors if day is not None else [*errors, _error("day", DAY_SHAPE)]
    return counter.TicketOnPaper(policy_id, number, day), []


def _entry_id() -> UUID:
    """The number of this one form, so that it counts once however often it is sent."""
    try:
        return UUID(request.form.get("entry", ""))
    except ValueError:
        return new_id()


def _page(
    staff: SignedInStaff,
    terminal: Terminal,
    errors: list[Error] | None = None,
    copied: Copied | None = None,
    receipt_no: str | None = None,
) -> str:
    with db.reading() as session:
        waiting = [one for one in counter.tickets_of(session, staff.municipality_code) if one.is_usable]
        titles = {one.policy_id: one for one in counter.policies_with_tickets(session, staff.municipality_code)}
        titles |= {one.policy_id: one for one in counter.policies_to_choose_for(session, staff.municipality_code)}
    return render_template(
        "counter/paper.html",
        terminal=terminal,
        staff=staff_line(staff),
        policies=[(policy_id, one.document.title) for policy_id, one in sorted(titles.items())],
        tickets=[
            {"number": f"{one.number:04d}", "title": one.policy_title, "at_text": moment_text(one.issued_at)}
            for one in waiting
        ],
        typed=(copied.typed if copied else {}) | {name: request.form.get(name, "") for name in KEPT if errors},
        reasons=list(REASONS.items()),
        signed=bool(errors) and request.form.get("signed") == "yes",
        entry=str(_entry_id()),
        receipt_no=receipt_no,
        errors=errors,
    )


def _error(field: str, text: str) -> Error:
    return {"field": field, "text": text, "code": None}
