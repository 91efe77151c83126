"""For people and programs that test: current security codes, the book of grants, faults, and a movable clock.

No sign-in: this belongs on a loopback address or into a closed test network, never beside real services.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, current_app, jsonify, render_template, request

from app.provider_simulator.call_backs import CallBackSender
from app.provider_simulator.faults import MAX_COUNT, MAX_SECONDS, OPERATIONS, Fault, FaultKind, FaultSwitch
from app.provider_simulator.new_accounts import new_account
from app.provider_simulator.services import SERVICES
from app.provider_simulator.simulated_time import SimulatedTime
from app.provider_simulator.store import SecurityCode, Store

blueprint = Blueprint("tester", __name__)
TOKYO = ZoneInfo("Asia/Tokyo")
MAX_OFFSET = timedelta(days=3660)


@blueprint.get("/healthz")
def alive() -> Response:
    """Answers when the process is up."""
    return jsonify(status="ok")


@blueprint.get("/v1/services/<service_id>/accounts/<account>/code")
def current_code(service_id: str, account: str) -> tuple[Response, int] | Response:
    """The current security code of an account."""
    code = _code_for(service_id, account)
    if code is None:
        return jsonify(error="no such service, or not an account of it"), 404
    return jsonify(code=code.code, valid_until=code.valid_until.isoformat() if code.valid_until else None)


@blueprint.get("/v1/book")
def book_as_data() -> tuple[Response, int] | Response:
    """The grants carried out; ``?order_id=`` narrows to one order."""
    try:
        order_id = UUID(request.args["order_id"]) if "order_id" in request.args else None
    except ValueError:
        return jsonify(error="order_id must be a UUID"), 422
    rows = _store().book(order_id)
    return jsonify(
        rows=[row | {"order_id": str(row["order_id"]), "executed_at": row["executed_at"].isoformat()} for row in rows]
    )


@blueprint.post("/v1/faults")
def switch_faults() -> tuple[Response, int] | Response:
    """Arm a fault for the next requests of one operation, or switch all off."""
    body: dict[str, Any] = request.get_json(silent=True) or {}
    switch: FaultSwitch = current_app.extensions["faults"]
    if body.get("kind") == "off":
        switch.disarm()
        return jsonify(armed=False)
    try:
        operation = str(body.get("operation", "send"))
        fault = Fault(FaultKind(body["kind"]), float(body.get("seconds", 0)))
        count = int(body.get("count", 1))
        if operation not in OPERATIONS or not 0 <= fault.seconds <= MAX_SECONDS or not 1 <= count <= MAX_COUNT:
            raise ValueError
    except (KeyError, TypeError, ValueError):
        return jsonify(error="kind, seconds, count or operation is not known or out of range"), 422
    switch.arm(operation, fault, count)
    return jsonify(armed=True)


@blueprint.post("/v1/call-backs")
def send_call_backs() -> Response:
    """Send the call-backs that are due now, once, instead of in a second."""
    sender: CallBackSender = current_app.extensions["call_backs"]
    return jsonify(told=sender.send_due())


@blueprint.post("/v1/clock")
def move_clock() -> tuple[Response, int] | Response:
    """Set how far the provider's clock is from real time, in seconds."""
    body: dict[str, Any] = request.get_json(silent=True) or {}
    seconds = body.get("offset_seconds")
    if not isinstance(seconds, int | float) or abs(seconds) > MAX_OFFSET.total_seconds():
        return jsonify(error="offset_seconds must be a number of seconds within ten years"), 422
    time: SimulatedTime = current_app.extensions["time"]
    time.move(timedelta(seconds=seconds))
    return jsonify(now=time.now().isoformat())


@blueprint.get("/")
def code_form() -> str:
    """The page that shows a security code; who comes from a service's page gets a new account to try with, too."""
    chosen = request.args.get("service", "")
    if chosen not in SERVICES:
        return render_template("code.html", services=SERVICES, chosen=chosen, account="")
    return _with_code(chosen, new_account(SERVICES[chosen]), is_new=True)


@blueprint.post("/")
def show_code() -> tuple[str, int] | str:
    """The code, large; the account comes by form so that no address line holds it."""
    service_id, account = request.form.get("service", ""), "".join(request.form.get("account", "").split())
    if _code_for(service_id, account) is None:
        context = {"services": SERVICES, "chosen": service_id, "account": account}
        label = SERVICES[service_id].id_label if service_id in SERVICES else "番号"
        return render_template("code.html", **context, error=f"{label}の形が違います。もう一度確認してください。"), 422
    return _with_code(service_id, account)


def _with_code(service_id: str, account: str, *, is_new: bool = False) -> str:
    code = _code_for(service_id, account)
    assert code is not None
    until = code.valid_until.astimezone(TOKYO).strftime("%H:%M:%S") if code.valid_until else None
    context = {"services": SERVICES, "chosen": service_id, "account": "" if is_new else account}
    shown = {"code": code.code, "shown_account": account, "valid_until": until, "is_new": is_new}
    return render_template("code.html", **context, **shown, service=SERVICES[service_id])


@blueprint.get("/book")
def book_page() -> str:
    """The grants carried out, newest first."""
    rows = [
        {
            "time": row["executed_at"].astimezone(TOKYO).strftime("%Y-%m-%d %H:%M:%S"),
            "service": SERVICES[row["service_id"]].name,
            "account": f"…{row['account'][-4:]}",
            "amount": f"{row['amount']:,}",
            "policy_id": row["policy_id"],
            "transaction_no": row["transaction_no"],
        }
        for row in _store().book()
    ]
    return render_template("book.html", rows=rows)


def _store() -> Store:
    store: Store = current_app.extensions["store"]
    return store


def _code_for(service_id: str, account: str) -> SecurityCode | None:
    service = SERVICES.get(service_id)
    if service is None or len(account) > 100 or not re.fullmatch(service.account_pattern, account):
        return None
    if not account.isascii() or not account.isprintable():
        return None
    return _store().current_code(service_id, account)
