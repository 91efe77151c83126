"""The status of one's applications: by card, one page for each, and the receipt with its QR code."""

from __future__ import annotations

from typing import Any

from flask import Response as FlaskResponse
from flask import current_app, jsonify, redirect, render_template, request, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from app import applications, db, municipalities, notifications
from app.applications import ApplicationState, ApplicationView
from app.language import moment_text, points_text, say
from app.policies import CheckKind
from app.screening import CheckState
from app.settings import Settings
from app.web.pages import qr_svg
from app.web.resident import blueprint
from app.web.resident.apply import check_row
from app.web.resident.identity import open_from_form, reader_routes
from app.web.resident.rebate_rows import rebate_rows
from app.web.resident.receipt_link import private_link
from app.web.service_texts import most_text
from app.web.sessions import seconds_left
from app.web.sign_in import sign_out, signed_in_person

S = ApplicationState

_DECIDED = frozenset({S.REJECTED, S.REJECTED_FINAL, S.WITHDRAWN, S.LAPSED, S.CLOSED_OUT, S.ASSIGN_EXPIRED, S.REVOKED})
"""No check begins any more; one that never ran says nothing to the person."""
_ENDED_WITHOUT = _DECIDED - {S.REVOKED}
"""Nothing is granted any more."""
_NOT_BEGUN = frozenset({CheckState.PENDING, CheckState.RUNNING})

TONES = {"granted": "good", "rejected": "bad", "rejected_final": "bad", "failed": "act"}


@blueprint.get("/status")
def status_entry() -> str | Response:
    """Sign in by card, or straight to the list."""
    if signed_in_person() is not None:
        return redirect(url_for("resident.own_applications"), code=303)
    with db.reading() as database:
        routes = reader_routes(database)
    return render_template("resident/status_entry.html", routes=routes)


@blueprint.post("/status")
def status_reading() -> Response | tuple[str, int]:
    """Open a card session for looking at one's applications."""
    return open_from_form("status", None, "resident/status_entry.html")


@blueprint.post("/sign-out")
def leave() -> Response:
    """End the session; nothing of it stays."""
    sign_out()
    return redirect(url_for("public.home"), code=303)


@blueprint.get("/session/state")
def session_state() -> FlaskResponse:
    """For the page's script: how long the session lasts; with ``extend`` it begins anew, up to the absolute limit."""
    if signed_in_person() is None:
        raise NotFound()
    return jsonify(seconds_left=seconds_left())


@blueprint.get("/applications")
def own_applications() -> str | Response:
    """The signed-in person's applications."""
    person_id = signed_in_person()
    if person_id is None:
        return redirect(url_for("resident.status_entry"), code=303)
    with db.reading() as database:
        views = applications.applications_of(database, person_id)
        years = applications.received_by_year(database, person_id)
    return render_template(
        "resident/applications.html",
        applications=[_list_row(view) for view in views],
        totals=[(say("{year}年", year=year), points_text(amount)) for year, amount in years.items()],
    )


@blueprint.get("/applications/<receipt_no>")
def application(receipt_no: str) -> str | Response:
    """One application now. Without sign-in: the way to sign in; another person's: the same 404 as an unknown one."""
    if signed_in_person() is None:
        return redirect(url_for("resident.status_entry"), code=303)
    view = _own(receipt_no)
    settings: Settings = current_app.extensions["todoke"]
    link = settings.public_url + url_for("resident.application", receipt_no=view.receipt_no)
    return render_template(
        "resident/status.html",
        receipt={
            "no": view.receipt_no,
            "qr_svg": qr_svg(link),
            "at_text": moment_text(view.submitted_at),
            "office": say("{place} 給付担当窓口", place=municipalities.label(view.municipality_code)),
        },
        status=_status(view),
        # Beside "not eligible" an amount would read like a promise.
        amount_text=None if view.state in _ENDED_WITHOUT else _amount_text(view),
        rebate=rebate_rows(view.rebate, view.returning) if view.rebate else None,
        policy={
            "title": view.policy_title,
            "municipality_label": municipalities.label(view.municipality_code),
        },
        service=_service(view),
        timeline=view.timeline,
        checks=[
            check_row(say(check.title), check.result, check.problem)
            for check in view.checks
            if check.kind is not CheckKind.SUPPORT_MEASURE
            and not (view.state in _DECIDED and CheckState(check.result) in _NOT_BEGUN)
        ],
        reason_code=next((check.problem.code for check in view.checks if check.problem), None),
        actions=_actions(view),
        next_line=say(view.status.next_line),
        child_name=view.child_name.reveal() if view.child_name else None,
        private_link=private_link(view.receipt_no) if _reads_mail() else None,
        just_submitted=request.args.get("sent") == "1",
    )


@blueprint.get("/applications/<receipt_no>/state")
def application_state(receipt_no: str) -> FlaskResponse:
    """For the page's script: the word now, and whether anything more will happen."""
    view = _own(receipt_no)
    return jsonify(word=say(view.status.word), final=view.status.is_final)


@blueprint.get("/applications/<receipt_no>/withdraw")
def ask_to_withdraw(receipt_no: str) -> str | Response:
    """What a withdrawal means, before it is done."""
    view = _own(receipt_no)
    if not view.can_withdraw:
        return redirect(url_for("resident.application", receipt_no=receipt_no), code=303)
    return render_template(
        "resident/withdraw.html",
        receipt_no=view.receipt_no,
        policy={
            "title": view.policy_title,
            "municipality_label": municipalities.label(view.municipality_code),
            "amount_text": _amount_text(view),
        },
        back_url=url_for("resident.application", receipt_no=view.receipt_no),
    )


@blueprint.post("/applications/<receipt_no>/withdraw")
def withdraw(receipt_no: str) -> Response:
    """Take the application back before the grant order."""
    person_id = signed_in_person()
    if person_id is None or not applications.withdraw(receipt_no, person_id):
        raise NotFound()
    return redirect(url_for("resident.application", receipt_no=receipt_no), code=303)


def _amount_text(view: ApplicationView) -> str:
    if view.amount_is_open:
        return most_text(view.amount)
    if view.rebate is None:
        return points_text(view.amount)
    return say("これまでの還元 {amount}", amount=points_text(view.amount))


def _service(view: ApplicationView) -> dict[str, str | None] | None:
    if view.service_name is None:
        return None
    shops = url_for("public.shops_of_policy", policy_id=view.policy_id) if view.spend_scope else None
    scope = say(view.spend_scope) if view.spend_scope else None
    return {"name": view.service_name, "masked": view.masked_account, "spend_scope": scope, "shops_url": shops}


def _reads_mail() -> bool:
    """Only who proved an address can be sent a code."""
    person_id = signed_in_person()
    assert person_id is not None
    with db.reading() as database:
        contact = notifications.contact_of(database, person_id)
    return contact is not None and contact.is_confirmed and not contact.has_failed


def _own(receipt_no: str) -> ApplicationView:
    person_id = signed_in_person()
    if person_id is None:
        raise NotFound()
    with db.reading() as database:
        view = applications.view_by_receipt(database, receipt_no, person_id)
    if view is None:
        raise NotFound()
    return view


def _status(view: ApplicationView) -> dict[str, Any]:
    status = view.status
    return {
        "key": status.key,
        "word": say(status.word),
        "turn": status.turn or "none",
        "turn_label": say(applications.TURN_LABELS[status.turn]),
        "date_text": status.date_text,
        "tone": TONES.get(status.key),
        "is_final": status.is_final,
    }


def _list_row(view: ApplicationView) -> dict[str, Any]:
    return {
        **_status(view),
        "no": view.receipt_no,
        "title": view.policy_title,
        "child_name": view.child_name.reveal() if view.child_name else None,
        "municipality_label": municipalities.label(view.municipality_code),
        "amount_text": _amount_text(view),
        "url": url_for("resident.application", receipt_no=view.receipt_no),
    }


def _actions(view: ApplicationView) -> list[dict[str, str]]:
    no, actions = view.receipt_no, []
    if view.child_name is not None and request.args.get("sent") == "1":
        url = url_for("resident.guardian", policy_id=view.policy_id)
        actions.append({"title": say("次のお子さまの分を申し込む"), "url": url, "method": "GET"})
    choose = {"url": url_for("resident.assign_choose", receipt_no=no), "method": "GET"}
    if view.must_choose:
        actions.append({"title": say("決済サービスを選ぶ"), **choose})
    elif view.can_change_service:
        actions.append({"title": say("決済サービスを変更する"), **choose})
    if view.state is ApplicationState.INFO_REQUESTED:
        url = url_for("resident.question", receipt_no=no)
        actions.insert(0, {"title": say("確認を読んで返事をする"), "url": url, "method": "GET"})
    if view.state in (ApplicationState.REJECTED, ApplicationState.REJECTED_FINAL):
        url = url_for("resident.refusal", receipt_no=no)
        actions.insert(0, {"title": say("決定の理由と手続を見る"), "url": url, "method": "GET"})
    if view.can_withdraw:
        url = url_for("resident.ask_to_withdraw", receipt_no=no)
        actions.append({"title": say("申込を取り下げる"), "url": url, "method": "GET"})
    return actions
