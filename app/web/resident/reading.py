"""The waiting page of a card session, its state for the page's script, and what follows when it is over."""

from __future__ import annotations

from uuid import UUID

from flask import Response as FlaskResponse
from flask import jsonify, redirect, render_template, url_for
from flask import session as web_session
from sqlalchemy.orm import Session
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from app import applications, cards, db
from app.errors import DomainError
from app.language import say
from app.web.errors import problem_response
from app.web.resident import blueprint
from app.web.resident.context import office, policy_or_404
from app.web.resident.guardian import child_was_read, guardian_was_read
from app.web.sign_in import sign_in, sign_out

STATE_LABELS = {
    "open": "読み取り機の準備を待っています",
    "taken": "カードが置かれるのを待っています",
    "waiting_card": "カードが置かれるのを待っています",
    "waiting_pin": "暗証番号が入力されるのを待っています",
    "reading": "カードを読み取っています。動かさないでください",
    "verifying": "読み取った内容を確認しています",
    "done": "読み取りが終わりました",
}
STEPS = (
    ("カードを置く", ("open", "taken", "waiting_card")),
    ("暗証番号を入力する", ("waiting_pin",)),
    ("読み取る", ("reading",)),
    ("本物のカードか確かめる", ("verifying",)),
)


NOT_WITH_THIS_CARD = frozenset({"E102", "E103", "E105", "E106", "E110", "E111"})
"""Read again, the answer is the same until an office has done something."""


@blueprint.get("/card-sessions/<uuid:session_id>")
def wait(session_id: UUID) -> str | Response:
    """Where the reading is; works without a script by reloading."""
    view = _own(session_id)
    if not view.is_waiting:
        return redirect(url_for("resident.after_reading", session_id=session_id), code=303)
    minutes, seconds = divmod(view.seconds_left, 60)
    shown = {
        "id": view.id,
        "confirmation": view.confirmation,
        "state": view.state,
        "state_label": say(STATE_LABELS[view.state]),
        "steps": _steps(view.state),
        "reader_name": view.reader_name,
        "keypad_url": view.keypad_url,
        "desk_url": view.desk_url,
        "expires_text": say(
            "安全のため、あと{minutes}分{seconds}秒で終わります。", minutes=minutes, seconds=f"{seconds:02d}"
        ),
    }
    return render_template("resident/wait.html", session=shown, for_status=view.purpose == "status")


@blueprint.post("/card-sessions/<uuid:session_id>")
def cancel(session_id: UUID) -> Response:
    """The person gives up; what the reader sends later is refused."""
    browser = web_session.browser_key  # type: ignore[attr-defined]  # our session class has it
    with db.transaction() as session:
        cards.cancel_session(session, browser, session_id)
    return redirect(url_for("resident.after_reading", session_id=session_id), code=303)


@blueprint.get("/card-sessions/<uuid:session_id>/state")
def state(session_id: UUID) -> FlaskResponse:
    """For the page's script: the state in words, and where to go when it is over."""
    view = _own(session_id)
    next_url = None if view.is_waiting else url_for("resident.after_reading", session_id=session_id)
    return jsonify(state=view.state, label=say(STATE_LABELS.get(view.state, "")), next_url=next_url)


@blueprint.get("/card-sessions/<uuid:session_id>/next")
def after_reading(session_id: UUID) -> Response:
    """Sign in the person whose card was read and go on; or say why it could not be read."""
    view = _own(session_id)
    if view.is_waiting:
        return redirect(url_for("resident.wait", session_id=session_id), code=303)
    if view.problem is not None:
        return _not_read(view)
    assert view.evidence_id is not None
    with db.transaction() as session:
        evidence = cards.evidence_of(session, view.evidence_id)
        if evidence is None:
            raise DomainError("E504", step="本人確認")
        return _go_on(session, view, evidence)


def _go_on(session: Session, view: cards.SessionView, evidence: cards.EvidenceView) -> Response:
    """What the reading was for."""
    if view.policy_id is None:
        sign_in(evidence.person_id)
        # Who scanned an event's code and was then asked for the card goes on there.
        onward = "resident.attendance" if web_session.get("attendance") else "resident.own_applications"
        return redirect(url_for(onward), code=303)
    if view.purpose == "guardian":
        return guardian_was_read(evidence, view.policy_id)
    policy = policy_or_404(session, view.policy_id)
    if view.purpose == "child":
        return child_was_read(session, policy, evidence)
    sign_in(evidence.person_id)
    try:
        applications.start_draft(session, policy, evidence, channel="phone")
    except DomainError as problem:
        if problem.code != "E211":
            raise
        return _for_the_guardian(problem, view.policy_id)
    return redirect(url_for("resident.result", policy_id=view.policy_id), code=303)


def _for_the_guardian(problem: DomainError, policy_id: str) -> Response:
    """E211: the way on is the guardian's; the child's card leaves nobody signed in."""
    sign_out()
    way = {"label": say("保護者の方が申し込む"), "url": url_for("resident.guardian", policy_id=policy_id)}
    back = {"label": say("施策のページへ戻る"), "url": url_for("public.policy", policy_id=policy_id)}
    return problem_response(problem, next_actions=[way, back])


def _own(session_id: UUID) -> cards.SessionView:
    browser = web_session.browser_key  # type: ignore[attr-defined]  # our session class has it
    with db.reading() as session:
        view = cards.view_session(session, browser, session_id)
    if view is None:
        raise NotFound()
    return view


def _steps(state: str) -> list[dict[str, object]]:
    current = next((i for i, (_, states) in enumerate(STEPS) if state in states), len(STEPS))
    return [{"label": say(label), "done": i < current, "current": i == current} for i, (label, _) in enumerate(STEPS)]


def _not_read(view: cards.SessionView) -> Response:
    assert view.problem is not None
    step = {"guardian": "resident.guardian", "child": "resident.child"}.get(view.purpose, "resident.identity")
    again = url_for(step, policy_id=view.policy_id) if view.policy_id else url_for("resident.status_entry")
    label = None
    if view.policy_id is not None:
        with db.reading() as session:
            label = office(policy_or_404(session, view.policy_id))
    actions = [{"label": say("給付をさがす"), "url": "/policies"}]
    if view.problem.code not in NOT_WITH_THIS_CARD:
        actions.insert(0, {"label": say("もう一度カードを読み取る"), "url": again})
    elif view.policy_id is not None:
        at_the_office = url_for("public.policy", policy_id=view.policy_id)
        actions.insert(0, {"label": say("施策のページで担当窓口を見る"), "url": at_the_office})
    return problem_response(view.problem, next_actions=actions, office=label)
