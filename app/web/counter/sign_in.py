"""The terminal's browsers join with a code; staff sign in at a terminal with number, password and second factor."""

from __future__ import annotations

from datetime import timedelta

from flask import current_app, redirect, render_template, request, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from app import counter, db, organisations
from app.pii import Private
from app.settings import Environment, Settings
from app.web.counter import blueprint
from app.web.counter.tester import rows_for_testers
from app.web.own_cookies import drop_cookie, set_cookie
from app.web.rate_limits import JOIN_TERMINAL, STAFF_SIGN_IN, check_limit
from app.web.staff import current_staff, forget_current_staff, this_terminal

TERMINAL_DAYS = 400
"""As long as browsers keep a cookie. What ends a terminal is the operator, not time."""
MAX_TYPED = 200
WRONG = "職員番号、パスワード、確認コードのどれかが違うか、いまは使えません。"


@blueprint.get("/counter/terminal")
def terminal() -> str | Response:
    """Make this browser the desk of a terminal."""
    if this_terminal() is not None:
        return redirect(url_for("counter.home"), code=303)
    return render_template("counter/terminal.html")


@blueprint.post("/counter/terminal")
def join_terminal() -> Response | tuple[str, int]:
    """With the code that an operator made."""
    check_limit(JOIN_TERMINAL)
    token = organisations.join_terminal(request.form.get("code", "")[:MAX_TYPED], "desk")
    if token is None:
        error = {"field": "code", "text": "このコードは使えません。期限は10分で、使えるのは1回です。", "code": None}
        return render_template("counter/terminal.html", errors=[error]), 422
    answer = redirect(url_for("counter.sign_in"), code=303)
    set_cookie(answer, "todoke_desk", token, timedelta(days=TERMINAL_DAYS))
    drop_cookie(answer, "todoke_staff")
    return answer


@blueprint.get("/counter/sign-in")
def sign_in() -> str | Response:
    """Number, password, second factor."""
    if this_terminal() is None:
        return redirect(url_for("counter.terminal"), code=303)
    if current_staff() is not None:
        return redirect(url_for("counter.home"), code=303)
    return _sign_in_page()


@blueprint.post("/counter/sign-in")
def signed_in() -> Response | tuple[str, int]:
    """Whatever is wrong, the same answer."""
    place = this_terminal()
    if place is None:
        return redirect(url_for("counter.terminal"), code=303)
    settings: Settings = current_app.extensions["todoke"]
    staff_id = request.form.get("staff_id", "").strip()[:MAX_TYPED]
    check_limit(STAFF_SIGN_IN)
    check_limit(STAFF_SIGN_IN, f"staff:{staff_id}")
    code = "".join(request.form.get("code", "").split())[:MAX_TYPED]
    token = organisations.sign_in(
        place.terminal_id,
        staff_id,
        Private(request.form.get("password", "")[:MAX_TYPED]),
        code,
        absolute=timedelta(hours=settings.staff_absolute_hours),
    )
    if token is None:
        return _sign_in_page([{"field": "staff_id", "text": WRONG, "code": None}], staff_id), 422
    with db.transaction() as session:
        counter.close_desk(session, place.terminal_id)  # nothing of an earlier sign-in is gone on with
    answer = redirect(url_for("counter.home"), code=303)
    set_cookie(answer, "todoke_staff", token)
    forget_current_staff()
    return answer


@blueprint.post("/counter/sign-out")
def leave() -> Response:
    """End the sign-in; what was begun with a resident is wiped."""
    staff = current_staff()
    if staff is not None:
        with db.transaction() as session:
            counter.close_desk(session, staff.terminal_id)
            organisations.sign_out(session, staff)
    answer = redirect(url_for("counter.sign_in"), code=303)
    drop_cookie(answer, "todoke_staff")
    forget_current_staff()
    return answer


@blueprint.get("/tester/staff")
def tester_staff() -> str:
    """Demo and tests only: numbers, passwords and present codes of the fictional staff. Production answers 404."""
    return _tester_page(with_codes=False)


@blueprint.post("/tester/staff")
def tester_codes() -> str:
    """The same, with fresh codes for the terminals' browsers."""
    return _tester_page(with_codes=True)


def _tester_page(*, with_codes: bool) -> str:
    settings: Settings = current_app.extensions["todoke"]
    if settings.environment is Environment.PRODUCTION:
        raise NotFound()
    accounts, terminals = rows_for_testers(settings.state_dir, with_codes=with_codes)
    return render_template("counter/tester.html", accounts=accounts, terminals=terminals)


def _sign_in_page(errors: list[dict[str, str | None]] | None = None, staff_id: str = "") -> str:
    place = this_terminal()
    assert place is not None
    return render_template("counter/sign_in.html", terminal=place, errors=errors, staff_id=staff_id)
