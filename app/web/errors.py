"""Errors become pages: what happened, what became of the application, what to do next. Never a stack trace."""

from __future__ import annotations

import traceback
from contextlib import suppress

from flask import Flask, Response, g, jsonify, make_response, render_template, request, url_for
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, InternalServerError

from app import db, policies
from app.errors import DomainError, Kind
from app.language import say
from app.web.logging import log
from app.web.uploads import TAKES_FILES

TITLES = {
    400: (
        "送られた内容を読み取れませんでした",
        "入力欄に使えない文字が含まれているか、ページが古くなっています。前のページに戻って、もう一度お試しください。",
    ),
    401: ("読み取り機を確認できませんでした", "登録された読み取り機からの署名だけを受け付けます。"),
    403: (
        "このページは表示できません",
        "ご自身の申込だけを表示できます。カードを読み取ってから、もう一度お試しください。",
    ),
    404: (
        "ページが見つかりません",
        "アドレスが変わったか、まちがっている可能性があります。給付をさがすページから探せます。",
    ),
    405: ("この操作は受け付けていません", "前のページに戻って、ボタンから操作してください。"),
    409: ("いまはこの操作ができません", "申込の状態が変わっています。申込状況を確認してください。"),
    410: ("この画面は終わりました", "安全のため、この画面は使えなくなりました。最初からやり直してください。"),
    413: ("送られた内容が大きすぎます", "入力が長すぎるため、受け取れませんでした。短くして、もう一度お試しください。"),
    429: (
        "操作が続いたため、少しお待ちください",
        "短い時間に操作が続きました。少し待ってから、もう一度お試しください。入力した内容は保存されていません。",
    ),
    500: ("処理できませんでした", "申込の状態は変わっていません。しばらくして、もう一度お試しください。"),
    503: ("ただいま利用できません", "申込の状態は変わっていません。しばらくして、もう一度お試しください。"),
}
NOT_KNOWN = (
    "送信した内容が届いたかどうか、確かめられませんでした。しばらくして、もう一度お試しください。"
    "申込が2つになることはありません。"
)
PICTURES_TOO_LARGE = (
    "写真が大きすぎます",
    "写真は1枚8MBまで、1回に3枚までです。お返事はまだ送られていません。前のページに戻って、写真を選び直してください。",
)
BECAME = {
    Kind.VERIFY: "申込は完了していません。対象外と決まったわけではありません。",
    Kind.INELIGIBLE: "申込は完了していません。記録は残していません。",
    Kind.INPUT: "申込はまだ完了していません。直して続けられます。",
    Kind.WAIT: "いま行うことはありません。",
    Kind.DONE: "この操作では何も変わっていません。",
    Kind.SYSTEM: "申込の状態は変わっていません。",
    Kind.ALARM: "申込は完了していません。入力した内容は残していません。",
}

# Where the application stands already, its class alone would say too little.
BECAME_BY_CODE = {
    "E306": "申込は有効です。ポイントはなくなりません。",
    "E401": "申込は有効です。ポイントはまだ届いていません。",
    "E402": "申込は終わりました。ポイントは届いていません。",
    "E403": "申込は取り消されました。",
    "E404": "申込は有効です。ポイントは二重に届きません。",
    "E405": "申込は終わりました。ポイントは届いていません。",
}


def install(app: Flask) -> None:
    """Register the handlers."""
    app.register_error_handler(DomainError, _domain_error)
    app.register_error_handler(CSRFError, _csrf_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _fault)
    # Flask would log the path and the values of the failed statement; _fault logs what may be logged.
    app.log_exception = lambda exc_info: None  # type: ignore[method-assign]  # the hook is a method


def problem_response(error: DomainError, **context: object) -> Response:
    """The page (or, for the API, the problem document) of a domain error."""
    status = error.message.status
    if _wants_json():
        return _problem_json(status, error.code, error.wording())
    html = render_template(
        "resident/error.html",
        code=error.code,
        kind=error.kind.value,
        title=plain_title(error),
        text=error.wording(),
        became=say(BECAME_BY_CODE.get(error.code) or BECAME[error.kind]),
        **{"next_actions": _next_actions(error), "office": _office(), "ref": None} | context,
    )
    return make_response(html, status)


def _office() -> str | None:
    """Whom to ask: the office of the policy that the address names; where the database may be the fault, nobody."""
    policy_id = (request.view_args or {}).get("policy_id")
    if not policy_id:
        return None
    with suppress(SQLAlchemyError), db.reading() as session:
        policy = policies.get(session, policy_id)
        return say("{place} 給付担当窓口", place=policy.municipality_label) if policy else None
    return None


def _next_actions(error: DomainError) -> list[dict[str, str]]:
    """The way on: to the receipt that exists already, or back to the policy that the page was about."""
    actions = []
    policy_id = (request.view_args or {}).get("policy_id")
    if error.code == "E206":
        url = url_for("resident.application", receipt_no=error.facts["no"])
        actions.append({"label": say("申込状況を見る"), "url": url})
    elif error.code == "E504" and policy_id:
        url = url_for("resident.start", policy_id=policy_id)
        actions.append({"label": say("この施策の申込をもう一度始める"), "url": url})
    elif policy_id and error.kind is not Kind.SYSTEM:
        actions.append({"label": say("施策のページへ戻る"), "url": url_for("public.policy", policy_id=policy_id)})
    return [*actions, {"label": say("給付をさがす"), "url": url_for("public.search")}]


def plain_title(error: DomainError) -> str:
    """What happened in a few words, without any of its facts."""
    if error.code in TITLES_BY_CODE:
        return say(TITLES_BY_CODE[error.code])
    return say(TITLES_BY_KIND[error.kind])


TITLES_BY_KIND = {
    Kind.VERIFY: "確認できませんでした",
    Kind.INELIGIBLE: "この施策の対象になりません",
    Kind.INPUT: "内容をご確認ください",
    Kind.WAIT: "お待ちください",
    Kind.DONE: "受付の状況をご確認ください",
    Kind.SYSTEM: "処理できませんでした",
    Kind.ALARM: "係の者を呼んでください",
}


TITLES_BY_CODE = {
    "E101": "暗証番号が違います",
    "E102": "暗証番号がロックされています",
    "E103": "暗証番号がロックされています",
    "E105": "電子証明書の期限が切れています",
    "E106": "この電子証明書は使えません",
    "E108": "読み取れませんでした",
    "E114": "時間がたったため終了しました",
    "E115": "読み取りを中止しました",
    "E206": "すでに申し込まれています",
    "E208": "受付期間ではありません",
    "E209": "定員に達しました",
    "E210": "受付を一時停止しています",
    "E309": "マイナンバーは入力しないでください",
    "E501": "システムメンテナンス中です",
    "E504": "時間がたちました",
}


def _domain_error(error: DomainError) -> Response:
    log.info("refused", code=error.code)
    response = problem_response(error)
    if "retry_after" in error.facts:
        response.headers["Retry-After"] = str(error.facts["retry_after"])
    return response


def _csrf_error(error: CSRFError) -> Response:
    return problem_response(DomainError("E504", step="前の画面"))


def _http_error(error: HTTPException) -> Response:
    if isinstance(error, InternalServerError) and error.original_exception is not None:
        return _fault(error.original_exception)  # raised outside the handlers' reach, such as while a session is saved
    status = error.code or 500
    if status < 400:
        return make_response(error.get_response())
    title, text = TITLES.get(status, TITLES[400] if status < 500 else TITLES[500])
    if status == 413 and request.endpoint == TAKES_FILES:
        title, text = PICTURES_TOO_LARGE
    title, text = say(title), say(text)
    if _wants_json():
        response = _problem_json(status, None, title)
    else:
        response = make_response(
            render_template("errors/page.html", status=status, title=title, text=text, ref=g.get("ref")), status
        )
    for name, value in error.get_headers():
        if name.lower() in ("retry-after", "allow"):
            response.headers[name] = value
    return response


def _fault(error: BaseException) -> Response:
    """Our fault: logged with where it happened, never with values (a message may quote a row)."""
    frames = [f"{frame.name}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)[-6:]]
    log.error("fault", error=type(error).__name__, at=frames)
    unavailable = isinstance(error, OperationalError | PoolTimeout) or (
        isinstance(error, DBAPIError) and error.connection_invalidated
    )
    if unavailable:
        if _wants_json():
            return _problem_json(503, "E503", say(TITLES[503][0]))
        title, unchanged = TITLES[503]
        text = say(NOT_KNOWN if _may_be_written(error) else unchanged)
        page = render_template("errors/page.html", status=503, title=say(title), text=text, ref=g.get("ref"))
        return make_response(page, 503, {"Retry-After": "30"})
    fault = DomainError("E503", ref=str(g.get("ref", "-")))
    return problem_response(fault, ref=g.get("ref"))


def _may_be_written(error: BaseException) -> bool:
    """Whether the connection went while something was sent: its commit may have arrived, and only the answer is lost.

    What the server refused by itself (a lock, a time limit) it has undone; no code, or one of its class 57P, is a loss.
    """
    if request.method in {"GET", "HEAD", "OPTIONS"} or not isinstance(error, DBAPIError):
        return False
    code = getattr(error.orig, "sqlstate", None)
    return code is None or code.startswith("57P")


def _wants_json() -> bool:
    return request.path.startswith("/api/") or request.path.endswith("/state")


def _problem_json(status: int, code: str | None, title: str) -> Response:
    body = {"type": "about:blank", "title": title, "status": status}
    if code:
        body["code"] = code
    response = jsonify(body)
    response.status_code = status
    response.mimetype = "application/problem+json"
    return response
