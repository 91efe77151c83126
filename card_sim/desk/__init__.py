"""The tester's desk: choose a fictional person, lay the simulated card on the reader, take it away again.

A tool for the machine it runs on. It knows no resident and no staff; the secrets it shows are those of people who do
not exist.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from flask import Flask, Response, jsonify, render_template, request
from werkzeug.exceptions import Forbidden, HTTPException

from card_sim.desk import api, pages
from card_sim.desk.state import Desk
from card_sim.desk.tray import ReaderOccupied, Tray
from card_sim.desk.views import japanese_moment
from card_sim.issuer import TestIssuer
from card_sim.people import Persona
from card_sim.state import StateUnavailable
from card_sim.vpcd import ReaderUnreachable
from card_sim.wallet import Wallet

BODY_MAX = 16 * 1024

_POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self';"
    " base-uri 'none'; frame-ancestors 'none'; form-action 'self' "
)
_REFUSALS: Final[Mapping[type[Exception], tuple[str, str]]] = {
    ReaderUnreachable: (
        "reader_unreachable",
        "読み取り機につながりません。読み取りのプログラムが動いているかを確かめて、もう一度置いてください。",
    ),
    ReaderOccupied: (
        "reader_occupied",
        "読み取り機に別のカードがあります。少し待ってから、もう一度置いてください。",
    ),
    StateUnavailable: (
        "state_unavailable",
        "カードの記録を読み書きできません。カードの保存先のフォルダを確かめてください。",
    ),
}
_HTTP_WORDS: Final[Mapping[int, str]] = {
    400: "送られた内容を読み取れませんでした。机に戻って、もう一度操作してください。",
    403: "この画面からの操作だと確かめられませんでした。机を開き直して、もう一度操作してください。",
    404: "お探しのページや人は見つかりませんでした。机に戻って選び直してください。",
    405: "この操作はできません。机に戻ってください。",
    413: "送られた内容が大きすぎます。机に戻って、もう一度操作してください。",
    415: "送られた内容を読み取れませんでした。JSON で送ってください。",
}


def create_desk(
    wallet: Wallet,
    people: Mapping[str, Persona],
    now: Callable[[], datetime],
    reader_address: tuple[str, int],
    issuer: TestIssuer,
    *,
    keypad_url: str,
    service_url: str,
) -> Flask:
    """The desk as a Flask application for one process.

    `now` is the clock of the simulation, with a time zone; `reader_address` is where a virtual reader waits for cards
    (vpcd protocol). The two URLs are links for the tester.
    """
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = BODY_MAX
    desk = Desk(wallet, people, now, issuer, Tray(wallet, reader_address), keypad_url, service_url)
    app.extensions["desk"] = desk
    app.register_blueprint(pages.blueprint)
    app.register_blueprint(api.blueprint)
    app.before_request(_check_where_the_request_comes_from)
    policy = _POLICY + _origin(keypad_url)  # laying the first card leads on to the keypad

    @app.after_request
    def protect(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = policy
        response.headers["Referrer-Policy"] = "same-origin"
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Cache-Control"] = "no-store"
        return response

    def refuse(code: str, message: str, status: int) -> tuple[Response | str, int]:
        if request.path.startswith("/api/"):
            return jsonify(error=code, message=message), status
        return render_template("desk/error.html", message=message, clock=japanese_moment(now())), status

    def http_problem(problem: HTTPException) -> tuple[Response | str, int]:
        status = problem.code or HTTPStatus.INTERNAL_SERVER_ERROR
        message = _HTTP_WORDS.get(status, "机のプログラムで問題が起きました。もう一度操作してください。")
        return refuse(problem.name.lower().replace(" ", "_"), message, status)

    def card_problem(problem: Exception) -> tuple[Response | str, int]:
        return refuse(*_REFUSALS[type(problem)], HTTPStatus.SERVICE_UNAVAILABLE)

    app.register_error_handler(HTTPException, http_problem)
    for kind in _REFUSALS:
        app.register_error_handler(kind, card_problem)
    return app


def _check_where_the_request_comes_from() -> None:
    if not _is_bare_address(request.host):
        raise Forbidden
    if request.method == "POST" and not _is_from_own_page():
        raise Forbidden


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _is_bare_address(host: str) -> bool:
    """Whether the Host header is `localhost` or an IP address: a name that was rebound to this machine is neither."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or bool(ipaddress.ip_address(name))
    except ValueError:
        return False


def _is_from_own_page() -> bool:
    """Whether a POST comes from a page of the desk, or from a program that is no browser and sends no origin."""
    origin = request.headers.get("Origin")
    if origin is not None and origin != f"{request.scheme}://{request.host}":
        return False
    return request.headers.get("Sec-Fetch-Site", "same-origin") in ("same-origin", "none")
