"""確認が必要です: what staff ask about an application, until when, and the person's answer with pictures of papers."""

from __future__ import annotations

from uuid import UUID

from flask import redirect, render_template, request, url_for
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from app import applications, db
from app.documents import MAX_FILE_BYTES, MAX_FILES, Picture, PictureRefused, Why, clean_picture
from app.errors import DomainError
from app.language import minute_text, say
from app.my_number import looks_like_my_number
from app.web.resident import blueprint
from app.web.resident.context import field_error
from app.web.sign_in import signed_in_person

MAX_CHARACTERS = 1_000
Errors = list[dict[str, str | None]]

REFUSED = {
    Why.KIND: "写真は、JPEGかPNGで送ってください。PDFなどの書類は、画面を写真に撮って(スクリーンショット)送れます。",
    Why.TOO_LARGE: "写真が大きすぎます。1枚8MBまでです。",
    Why.TOO_MANY_POINTS: "写真が細かすぎて開けません。スマートフォンの設定で小さくするか、もう一度撮ってください。",
    Why.TOO_SMALL: "写真が小さすぎて、文字を読めません。書類に近づいて、もう一度撮ってください。",
    Why.MOVES: "動く画像は送れません。止まっている写真を送ってください。",
    Why.DAMAGED: "写真を開けませんでした。もう一度撮るか、別の写真を選んでください。",
}


@blueprint.get("/applications/<receipt_no>/answer")
def question(receipt_no: str) -> str | Response:
    """The question and the fields for the answer; when nothing is asked, the application's page."""
    return _page(receipt_no)


@blueprint.post("/applications/<receipt_no>/answer")
def answer(receipt_no: str) -> Response | tuple[str | Response, int]:
    """Take the answer; one that comes too late leads to the page that says so. A My Number is never put back (E309)."""
    person_id = _who_may(receipt_no)
    text = request.form.get("answer", "").strip()
    files = [one for one in request.files.getlist("pictures") if one.filename]
    pictures, errors = _pictures(files)
    if len(text) > MAX_CHARACTERS or not (text or files):
        words = say("お返事を、1,000文字までで入力してください。写真だけを送ることもできます。")
        errors.insert(0, {"field": "answer", "text": words, "code": None})
    if errors:
        return _page(receipt_no, errors, text), 422
    try:
        applications.answer(receipt_no, person_id, text, pictures)
    except DomainError as problem:
        return _page(receipt_no, [field_error("answer", problem)]), 422
    return redirect(url_for("resident.application", receipt_no=receipt_no), code=303)


def _pictures(files: list[FileStorage]) -> tuple[list[Picture], Errors]:
    """The pictures drawn anew, or what is wrong with the files. Their names are neither kept nor logged."""
    if not files:
        return [], []
    if request.form.get("no_number") != "yes":
        return [], [_error("no_number", "番号が写っていないことを確かめて、印を付けてください。")]
    if len(files) > MAX_FILES:
        return [], [_error("pictures", "写真は3枚までです。")]
    try:
        if any(looks_like_my_number(one.filename or "") for one in files):
            raise PictureRefused(Why.NUMBER)
        return [clean_picture(one.stream.read(MAX_FILE_BYTES + 1)) for one in files], []
    except PictureRefused as refusal:
        if refusal.why is Why.NUMBER:
            return [], [field_error("pictures", DomainError("E607"))]
        return [], [_error("pictures", REFUSED[refusal.why])]


def _error(field: str, text: str) -> dict[str, str | None]:
    return {"field": field, "text": say(text), "code": None}


def _page(receipt_no: str, errors: Errors | None = None, typed: str = "") -> str | Response:
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
