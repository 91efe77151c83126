"""確認が必要です: what staff ask about an application, until when, and the person's answer."""

from __future__ import annotations

from uuid import UUID

from flask import redirect, render_template, request, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from app import applications, db
from app.errors import DomainError
from app.language import minute_text, say
from app.web.resident import blueprint
from app.web.resident.context import field_error
from app.web.sign_in import signed_in_person

MAX_CHARACTERS = 1_000


@blueprint.get("/applications/<receipt_no>/answer")
def question(receipt_no: str) -> str | Response:
    """The question and the field for the answer; when nothing is asked, the application's page."""
    return _page(receipt_no)


@blueprint.post("/applications/<receipt_no>/answer")
def answer(receipt_no: str) -> Response | tuple[str | Response, int]:
    """Take the answer; one that comes too late leads to the page that says so. A My Number is never put back (E309)."""
    person_id = _who_may(receipt_no)
    text = request.form.get("answer", "").strip()
    if not text or len(text) > MAX_CHARACTERS:
        error = {"field": "answer", "text": say("お返事を、1,000文字までで入力してください。"), "code": None}
        return _page(receipt_no, [error], text), 422
    try:
        applications.answer(receipt_no, person_id, text)
    except DomainError as problem:
        return _page(receipt_no, [field_error("answer", problem)]), 422
    return redirect(url_for("resident.application", receipt_no=receipt_no), code=303)


def _page(receipt_no: str, errors: list[dict[str, str | None]] | None = None, typed: str = "") -> str | Response:
    person_id = _who_may(receipt_no)
    with db.reading() as session:
        asked = applications.question_to(session, receipt_no, person_id)
    if asked is None:
        return redirect(url_for("resident.application", receipt_no=receipt_no), code=303)
    return render_template(
        "resident/answer.html",
        receipt_no=receipt_no,
        question=asked.question,
        answer_by=minute_text(asked.answer_by),
        typed=typed,
        errors=errors,
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
