"""Which readers a page offers, and the opening of a card session from its form."""

from __future__ import annotations

from typing import Any

from flask import current_app, redirect, render_template, request, url_for
from flask import session as web_session
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app import cards, db
from app.language import say
from app.settings import Settings
from app.web.rate_limits import OPEN_CARD_SESSION, check_limit

OTHER = "other"


def reader_routes(session: Session) -> list[dict[str, str | None]]:
    """The ways that this installation has: the readers it lists, the number of one it does not list, the counter."""
    routes: list[dict[str, str | None]] = []
    for reader in cards.listed_readers(session):
        text = (
            say("カードを選んで置くと、模擬カードで試せます。")
            if reader.kind == "simulated"
            else say("この読み取り機で読み取ります。")
        )
        if not reader.online:
            text = say("いま応答がありません。しばらくして、もう一度お試しください。")
        routes.append({"kind": "reader", "title": reader.name, "text": text, "reader_no": reader.reader_no})
    if cards.any_reader_by_number(session):
        routes.append(
            {
                "kind": "number",
                "title": say("ほかの読み取り機を使う"),
                "text": say("お手もとの読み取り機に表示された6けたの番号を入れます。"),
                "reader_no": None,
            }
        )
    routes.append(
        {
            "kind": "counter",
            "title": say("窓口で申し込む"),
            "text": say(
                "カードリーダーがない方や、暗証番号が分からない方は、施策のページにある担当窓口にご相談ください。"
            ),
            "reader_no": None,
        }
    )
    return routes


def only_reader(session: Session) -> cards.Reader | None:
    """The reader that there is nothing to choose about: the one that is listed, when it answers."""
    listed = cards.listed_readers(session)
    return listed[0] if len(listed) == 1 and listed[0].online else None


def open_from_form(purpose: str, policy_id: str | None, template: str, **context: Any) -> Response | tuple[str, int]:
    """Open a card session at the reader that the form names, or show the form again with what is wrong."""
    check_limit(OPEN_CARD_SESSION)
    settings: Settings = current_app.extensions["todoke"]
    choice = request.form.get("reader", "")
    number = request.form.get("reader_number", "") if choice in ("", OTHER) else choice
    browser = web_session.browser_key  # type: ignore[attr-defined]  # our session class has it
    busy_text = ""
    try:
        with db.transaction() as session:
            reader = cards.find_reader(session, number)
            if reader is not None:
                card_session_id = cards.open_session(
                    session,
                    browser=browser,
                    reader=reader,
                    purpose=purpose,
                    policy_id=policy_id,
                    seconds=settings.card_session_seconds,
                )
                return redirect(url_for("resident.wait", session_id=card_session_id), code=303)
    except cards.ReaderBusy as busy:
        busy_text = say(
            "この読み取り機は、ほかの方が使っています。長くてもあと{n}分で空きます。", n=busy.seconds // 60 + 1
        )
    with db.reading() as session:
        routes = reader_routes(session)
    text = busy_text or (
        say("この番号の読み取り機は見つかりません。番号を確かめてください。")
        if number
        else say("読み取り機を選ぶか、番号を入れてください。")
    )
    errors = [{"field": "reader" if busy_text else "reader_number", "text": text, "code": None}]
    page = render_template(
        template, routes=routes, reader=choice or OTHER, reader_number=number[:20], errors=errors, **context
    )
    return page, 422
