"""対象外の決定: the letter with its reason, date, office and how to object, and the objection itself (BR-64)."""

from __future__ import annotations

from uuid import UUID

from flask import redirect, render_template, request, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from app import applications, db
from app.errors import DomainError
from app.language import day_text, say
from app.web.resident import blueprint
from app.web.resident.context import field_error
from app.web.sign_in import signed_in_person

MAX_CHARACTERS = 1_000


@blueprint.get("/applications/<receipt_no>/refusal")
def refusal(receipt_no: str) -> str | Response:
    """The letter; where nothing stands refused, the application's page."""
    return _page(receipt_no)


@blueprint.post("/applications/<receipt_no>/refusal")
def object_to_refusal(receipt_no: str) -> Response | tuple[str | Response, int]:
    """Take the objection; one that comes too late meets the letter that says so. A My Number is never put back."""
    person_id = _who_may(receipt_no)
    reason = request.form.get("reason", "").strip()
    if not reason or len(reason) > MAX_CHARACTERS:
        error = {"field": "reason", "text": say("納得できない理由を、1,000文字までで入力してください。"), "code": None}
        return _page(receipt_no, [error], reason), 422
    try:
        taken = applications.object_to_refusal(receipt_no, person_id, reason)
    except DomainError as problem:
        return _page(receipt_no, [field_error("reason", problem)]), 422
    onward = "resident.application" if taken else "resident.refusal"
    return redirect(url_for(onward, receipt_no=receipt_no), code=303)


def _page(receipt_no: str, errors: list[dict[str, str | None]] | None = None, typed: str = "") -> str | Response:
    person_id = _who_may(receipt_no)
    with db.reading() as session:
        found = applications.refusal_to(session, receipt_no, person_id)
    if found is None:
        return redirect(url_for("resident.application", receipt_no=receipt_no), code=303)
    letter = found.letter
    return render_template(
        "resident/refusal.html",
        receipt_no=receipt_no,
        reason=letter.reason,
        decided_text=day_text(letter.decided_on),
        office=letter.office,
        last_day=day_text(letter.object_by) if letter.object_by else None,
        may_object=found.may_object,
        typed=typed,
        errors=errors if found.may_object else None,
    )


def _who_may(receipt_no: str) -> UUID:
    """The signed-in person whose application this is; for everybody else there is none."""
    person_id = signed_in_person()
    if person_id is None:
        raise NotFound()
    with db.reading() as session:
        if applications.view_by_receipt(session, receipt_no, person_id) is None:
            raise NotFound()
    return person_id
