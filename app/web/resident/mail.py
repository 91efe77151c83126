"""Messages by mail, for who wants them: the address, the code that proves it, and no more of it (domain.md 3.6)."""

from __future__ import annotations

from typing import TypeAlias
from uuid import UUID

from flask import current_app, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app import db, language, notifications
from app.language import say
from app.notifications import AddressRefused, Answer
from app.settings import Settings
from app.web.rate_limits import Limit, check_limit
from app.web.resident import blueprint
from app.web.sign_in import signed_in_person

Error: TypeAlias = dict[str, str | None]

MAIL_CODES = Limit("mail_codes", 5, 3_600)
"""How many codes one person may have sent: nobody's mailbox is filled from here."""

_REFUSED = {
    "format": "メールアドレスを、name@example.jp のような形で入力してください。",
    "my_number": "マイナンバー(12桁)は入力しないでください。入力内容は保存していません。",
}
_WRONG = {
    Answer.WRONG: "確認コードが違います。メールに書かれた6桁の数字を入力してください。",
    Answer.OVER: "この確認コードは使えません。もう一度メールアドレスを入力して、新しいコードを受け取ってください。",
}


@blueprint.get("/mail")
def mail() -> str | Response:
    """Whether messages come by mail, and where to."""
    return _page() if signed_in_person() is not None else _to_sign_in()


@blueprint.post("/mail")
def change_mail() -> Response | tuple[str, int]:
    """An address is given, its code is typed, or both are to be forgotten."""
    person_id = signed_in_person()
    if person_id is None:
        return _to_sign_in()
    match request.form.get("what"):
        case "stop":
            notifications.forget_address(person_id)
            errors, typed = [], ""
        case "code":
            errors, typed = _confirm(person_id), ""
        case _:
            errors, typed = _give(person_id)
    return (_page(errors, typed), 422) if errors else redirect(url_for("resident.mail"), code=303)


def _give(person_id: UUID) -> tuple[list[Error], str]:
    """What is wrong with the typed address, and what of it may be shown again."""
    check_limit(MAIL_CODES, str(person_id))
    typed = request.form.get("address", "")
    try:
        notifications.give_address(person_id, typed, language.current())
    except AddressRefused as refused:
        return [_error("address", _REFUSED[refused.why])], typed[:254] if refused.why == "format" else ""
    return [], ""


def _confirm(person_id: UUID) -> list[Error]:
    answer = notifications.confirm_address(person_id, request.form.get("code", "")[:40])
    if answer is Answer.CONFIRMED:
        return []
    return [_error("code" if answer is Answer.WRONG else "address", _WRONG[answer])]


def _page(errors: list[Error] | None = None, typed: str = "") -> str:
    person_id = signed_in_person()
    assert person_id is not None
    settings: Settings = current_app.extensions["todoke"]
    with db.reading() as session:
        contact = notifications.contact_of(session, person_id)
    return render_template(
        "resident/mail.html",
        contact=contact,
        errors=errors,
        values={"address": typed},
        is_sent=settings.mail_server is not None,
        catcher_url=settings.mail_catcher_url,
        back_url=url_for("resident.own_applications"),
    )


def _error(field: str, text: str) -> Error:
    return {"field": field, "text": say(text), "code": None}


def _to_sign_in() -> Response:
    return redirect(url_for("resident.status_entry"), code=303)
