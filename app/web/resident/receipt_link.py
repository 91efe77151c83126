"""The receipt's private link: one application without a card, by a code that comes by mail; its state and no more."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import redirect, render_template, request, url_for
from flask import session as web_session
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from app import applications, clock, db, municipalities, notifications
from app.language import say
from app.notifications import Answer
from app.web.rate_limits import Limit, check_limit
from app.web.receipt_codes import number_in, token_of
from app.web.resident import blueprint

VIEW_CODES = Limit("view_codes", 5, 3_600)
"""How many codes may be asked for by one link."""
SHOWN_FOR = timedelta(minutes=15)
KEY = "receipt_shown"

_WRONG = {
    Answer.WRONG: "確認コードが違います。メールに書かれた6桁の数字を入力してください。",
    Answer.OVER: "この確認コードは使えません。新しいコードを送ってください。",
}


def private_link(receipt_no: str) -> str:
    """The address of this application's private page; it carries no right but to ask for a code."""
    return url_for("resident.receipt", token=token_of(receipt_no))


@blueprint.get("/receipt/<token>")
def receipt(token: str) -> str:
    """What is known without a code: nothing but the number. With one: the state, whose turn, the next date."""
    return _page(_number(token))


@blueprint.post("/receipt/<token>")
def look_at_receipt(token: str) -> Response | tuple[str, int]:
    """A code is asked for, or typed. The answer is the same whether an address is known or not."""
    number = _number(token)
    if request.form.get("what") == "code":
        answer = notifications.check_view_code(number, request.form.get("code", "")[:40])
        if answer is not Answer.CONFIRMED:
            return _page(number, _WRONG[answer], asked=True), 422
        web_session[KEY] = [number, clock.real_now().isoformat()]
        return redirect(url_for("resident.receipt", token=token), code=303)
    check_limit(VIEW_CODES, number)
    notifications.send_view_code(number)
    return redirect(url_for("resident.receipt", token=token, asked="1"), code=303)


def _page(number: str, error: str | None = None, *, asked: bool = False) -> str:
    view = None
    if _is_shown(number):
        with db.reading() as session:
            view = notifications.view_without_card(session, number)
    status = view.status if view else None
    return render_template(
        "resident/receipt.html",
        receipt_no=number,
        asked=asked or request.args.get("asked") == "1",
        errors=[{"field": "code", "text": say(error), "code": None}] if error else None,
        status=status and {"word": say(status.word), "turn": status.turn or "none", "date_text": status.date_text},
        turn_label=say(applications.TURN_LABELS[status.turn]) if status else None,
        next_line=say(status.next_line) if status else None,
        policy=view
        and {"title": view.policy_title, "municipality_label": municipalities.label(view.municipality_code)},
        status_url=url_for("resident.status_entry"),
    )


def _is_shown(number: str) -> bool:
    shown, since = web_session.get(KEY) or (None, None)
    return shown == number and clock.real_now() - datetime.fromisoformat(str(since)) < SHOWN_FOR


def _number(token: str) -> str:
    number = number_in(token)
    if number is None:
        raise NotFound()
    return number
