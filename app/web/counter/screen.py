"""The screen that faces the resident: one address for everything, so that no history tells of anybody (K3 to K8).

It holds a token of its own and no session of a person. What it shows follows from the visit at its terminal alone.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Any

from flask import Response as FlaskResponse
from flask import current_app, g, jsonify, make_response, redirect, render_template, request, url_for
from flask import session as web_session
from werkzeug.exceptions import Gone
from werkzeug.wrappers import Response

from app import counter, db, organisations
from app.counter import CounterView, VisitOver
from app.errors import DomainError
from app.language import say
from app.organisations import Terminal
from app.settings import Settings
from app.web.counter import blueprint
from app.web.counter.guardian_form import NotDeclared, declared_by_guardian
from app.web.counter.screen_pages import context_of
from app.web.counter.shown_visit import shown_visit
from app.web.counter.sign_in import MAX_TYPED, TERMINAL_DAYS
from app.web.languages import PARAMETER, forget_chosen, speak_as_asked
from app.web.own_cookies import read_cookie, set_cookie
from app.web.rate_limits import CHECK_ACCOUNT, JOIN_TERMINAL, check_limit
from app.web.staff import this_terminal

ACCOUNT_FIELDS = frozenset({"E301", "E303", "E306", "E307", "E308", "E309", "E310"})
TEMPLATES = {"idle": "rest", "ended": "rest", "done": "rest"} | dict.fromkeys(
    ("remove", "card", "pin", "identify", "find", "reading", "tap"), "wait"
)
SHOWN = "screen_visit"
"""Which visit this browser showed last: its random name, nothing of a person."""
Errors = list[dict[str, str | None]]


def this_screen() -> Terminal | None:
    """The terminal whose resident's screen this browser is."""
    if "screen" not in g:
        token = read_cookie("todoke_screen")
        g.screen = None
        if token is not None:
            with db.reading() as session:
                g.screen = organisations.terminal_of(session, token, "screen")
    screen: Terminal | None = g.screen
    return screen


@blueprint.get("/screen")
def screen() -> Response | str:
    """What the resident is asked for now; or the code by which a browser becomes the screen."""
    if PARAMETER in request.args:
        return redirect(url_for("counter.screen"), code=303)  # the choice is remembered; the address stays clean
    terminal = this_screen()
    if terminal is None:
        return render_template("counter/screen/join.html")
    return _page(counter.follow(terminal.terminal_id), terminal)


@blueprint.post("/screen/join")
def join_screen() -> Response | tuple[str, int]:
    """With the code that an operator made."""
    check_limit(JOIN_TERMINAL)
    if this_terminal() is not None:  # K5: who sits at the desk must not type on the resident's side
        return _join_page("この端末は、職員の画面として登録されています。住民の方の画面は、別の端末で登録します。")
    token = organisations.join_terminal(request.form.get("code", "")[:MAX_TYPED], "screen")
    if token is None:
        return _join_page("このコードは使えません。期限は10分で、使えるのは1回です。")
    answer = redirect(url_for("counter.screen"), code=303)
    set_cookie(answer, "todoke_screen", token, timedelta(days=TERMINAL_DAYS))
    return answer


@blueprint.get("/screen/state")
def screen_state() -> FlaskResponse:
    """For the page's script: whether something else is to be shown, and how long nobody has done anything."""
    terminal = _terminal()
    view = counter.follow(terminal.terminal_id)
    return jsonify(revision=view.revision, seconds_left=view.seconds_left, warns=view.warns)


@blueprint.post("/screen/active")
def screen_active() -> Response:
    """A key was pressed, or 「続ける」."""
    with suppress(VisitOver):  # the page shows what is now
        counter.touch(_terminal().terminal_id, shown_visit())
    return redirect(url_for("counter.screen"), code=303)


@blueprint.post("/screen/agree")
def screen_agree() -> Response | tuple[Response, int]:
    """All three layers, or none: E215 stops and keeps nothing."""
    terminal = _terminal()
    action = request.form.get("action", "")
    view = counter.follow(terminal.terminal_id)
    if action == "refuse":
        counter.leave(terminal.terminal_id, shown_visit(), "E215")
    if action == "refuse" or view.visit_id != shown_visit():
        return _next()
    layers = {
        "agree_todoke": "とどけの利用規約に同意するときは、チェックを入れてください。",
        "agree_outline": "実施要綱の内容に同意するときは、チェックを入れてください。",
        "agree_service": "決済サービスへ伝えることに同意するときは、チェックを入れてください。",
    }
    try:
        declaration, wallet = declared_by_guardian(view, request.form)
    except NotDeclared as missing_words:
        errors = [_error(field, text) for field, text in missing_words.texts.items()]
        return _again(
            terminal, "judged", errors, values=request.form, agreed=[f for f in layers if request.form.get(f)]
        )
    missing = [_error(field, text) for field, text in layers.items() if request.form.get(field) != "yes"]
    if missing:
        agreed = [field for field in layers if request.form.get(field) == "yes"]
        return _again(terminal, "judged", missing, agreed=agreed, values=request.form)
    try:
        counter.agree(
            terminal.terminal_id,
            shown_visit(),
            ask_staff=request.form.get("ask_staff") == "yes",
            declaration=declaration,
            wallet=wallet,
        )
    except VisitOver:
        return _next()
    except DomainError as problem:
        return _again(
            terminal,
            "judged",
            [_error("reason" if problem.code == "E211" else "ask_staff", problem.wording(), problem.code)],
            values=request.form,
        )
    return _next()


@blueprint.post("/screen/service")
def screen_service() -> Response | tuple[Response, int]:
    """Take the choice; one that can't be made stays on the page with the reason."""
    terminal, service_id = _terminal(), request.form.get("service_id", "")
    try:
        counter.choose(terminal.terminal_id, shown_visit(), service_id)
    except VisitOver:
        return _next()
    except LookupError:
        return _again(terminal, "service", [_error("service_id", "決済サービスを選んでください。")])
    except DomainError as problem:
        return _again(terminal, "service", [_error("service_id", problem.wording(), problem.code)])
    return _next()


@blueprint.post("/screen/account")
def screen_account() -> Response | tuple[Response, int]:
    """Check format, code and holder; a code is never put back into the page."""
    terminal, typed = _terminal(), request.form.get("account", "")
    check_limit(CHECK_ACCOUNT, f"terminal:{terminal.terminal_id}")
    try:
        counter.give_account(
            terminal.terminal_id,
            shown_visit(),
            typed,
            request.form.get("security_code", ""),
            confirmed_not_my_number=request.form.get("confirmed_not_my_number") == "yes",
        )
    except VisitOver:
        return _next()
    except DomainError as problem:
        field = "account" if problem.code in ACCOUNT_FIELDS else "security_code"
        kept = "" if problem.code == "E309" else typed
        errors = [_error(field, problem.wording(), problem.code)]
        return _again(terminal, "account", errors, values={"account": kept}, ask=problem.code == "E310")
    return _next()


@blueprint.post("/screen/change")
def screen_change() -> Response:
    """Back to the choice of the service."""
    with suppress(VisitOver):
        counter.change(_terminal().terminal_id, shown_visit())
    return _next()


@blueprint.post("/screen/confirm")
def screen_confirm() -> Response | tuple[Response, int]:
    """It is right: on to the second tap (BR-51)."""
    terminal = _terminal()
    if request.form.get("confirmed") != "yes":
        return _again(terminal, "read_back", [_error("confirmed", "内容を確かめて、チェックを入れてください。")])
    with suppress(VisitOver):
        counter.confirm(terminal.terminal_id, shown_visit())
    return _next()


@blueprint.post("/screen/leave")
def screen_leave() -> Response:
    """The person stops: nothing is saved."""
    counter.leave(_terminal().terminal_id, shown_visit())
    return _next()


def _join_page(problem: str) -> tuple[str, int]:
    error = {"field": "code", "text": problem, "code": None}
    return render_template("counter/screen/join.html", errors=[error]), 422


def _terminal() -> Terminal:
    terminal = this_screen()
    if terminal is None:
        raise Gone()
    return terminal


def _next() -> Response:
    return redirect(url_for("counter.screen"), code=303)


def _error(field: str, text: str, code: str | None = None) -> dict[str, str | None]:
    return {"field": field, "text": say(text), "code": code}


def _again(terminal: Terminal, stage: str, errors: Errors, **more: Any) -> Response | tuple[Response, int]:
    """The same page with what is wrong; the page of now when the visit has moved on."""
    view = counter.follow(terminal.terminal_id)
    if view.stage != stage:
        return _next()
    return _page(view, terminal, errors=errors, **more), 422


def _is_another_person(view: CounterView) -> bool:
    """Whether this visit is not the one that was shown last; a guardian's next child is."""
    shown, now = web_session.get(SHOWN), str(view.visit_id)
    if view.visit_id is None or shown == now:
        return False
    web_session[SHOWN] = now
    return not view.has_guardian


def _page(view: CounterView, terminal: Terminal, **more: Any) -> Response:
    settings: Settings = current_app.extensions["todoke"]
    is_another = _is_another_person(view)
    if is_another:
        speak_as_asked()
    try:
        context = context_of(view, terminal.terminal_id)
    except (VisitOver, DomainError) as over:
        # What the visit stands on went on elsewhere. An error page would stand here, unfollowed, for the next person.
        counter.leave(terminal.terminal_id, view.visit_id, over.code if isinstance(over, DomainError) else counter.GONE)
        view, more = counter.follow(terminal.terminal_id), {}
        if view.stage not in TEMPLATES:
            return _next()
        context = context_of(view, terminal.terminal_id)
    template = TEMPLATES.get(view.stage, view.stage)
    page = render_template(f"counter/screen/{template}.html", visit=view, terminal=terminal, **context | more)
    answer = make_response(page)
    if is_another or view.stage in ("idle", "ended"):
        forget_chosen(answer, settings)
    return answer
