"""The provider's API towards todoke: verify an account, take an order, say what became of it, rule it out."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, current_app, g, jsonify, request

from app.provider_simulator.faults import may_fail
from app.provider_simulator.services import SERVICES, SimulatedService, account_of
from app.provider_simulator.store import Instruction, OrderConflict, OrderOfOther, OrderState, Store

blueprint = Blueprint("api", __name__)
MAX_TEXT = 100


class Refused(Exception):
    """A request that is not understood; answered as JSON with a status."""

    def __init__(self, status: int, error: str) -> None:
        super().__init__(error)
        self.status = status
        self.error = error


@blueprint.errorhandler(Refused)
def _refused(refusal: Refused) -> Response:
    return _answer(refusal.status, error=refusal.error)


@blueprint.errorhandler(OrderOfOther)
def _of_other(_: OrderOfOther) -> Response:
    return _answer(404, error="no such order")


@blueprint.before_request
def authenticate() -> None:
    """Which provider the caller's token is for."""
    tokens: Mapping[str, str] = current_app.config["PROVIDER_TOKENS"]
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    for provider_id, token in tokens.items():
        if scheme == "Bearer" and secrets.compare_digest(given.encode(), token.encode()):
            g.provider_id = provider_id
            return
    raise Refused(401, "the token is missing or wrong")


@blueprint.post("/v1/services/<service_id>/accounts/verify")
@may_fail("verify")
def verify_account(service_id: str) -> Response:
    """Whether account and security code belong together."""
    service = _own_service(service_id)
    body = _body("account", "security_code")
    known = account_of(service_id, body["account"])
    if not (known.exists and re.fullmatch(service.account_pattern, body["account"])):
        return _answer(200, result="unknown_account", holder_masked=None)
    if not _store().code_is_right(service_id, body["account"], body["security_code"]):
        return _answer(200, result="wrong_code", holder_masked=None)
    amount = _json().get("amount")
    if amount is not None and (not isinstance(amount, int) or isinstance(amount, bool) or not 0 < amount <= 10**9):
        raise Refused(422, "amount must be a positive whole number")
    said = {} if amount is None else {"fits": _store().has_room(service_id, body["account"], amount)}
    return _answer(200, result="verified", holder_masked=known.holder_masked, **said)


@blueprint.put("/v1/grant-orders/<uuid:order_id>")
@may_fail("send")
def receive_order(order_id: UUID) -> Response:
    """Take an order in. The same one again gives the same answer; the same id with another content is refused."""
    if request.headers.get("Idempotency-Key") != str(order_id):
        raise Refused(400, "Idempotency-Key must be the order id")
    body = _body("service_id", "account", "policy_id")
    amount = _json().get("amount")
    if not isinstance(amount, int) or isinstance(amount, bool) or not 0 < amount <= 10**9:
        raise Refused(422, "amount must be a positive whole number")
    service = _own_service(body["service_id"])
    if not re.fullmatch(service.account_pattern, body["account"]):
        raise Refused(422, "account is not of this service's format")
    try:
        instruction = Instruction(order_id, g.provider_id, amount=amount, **body)
        state = _store().receive(instruction, g.get("decision"))
    except OrderConflict:
        raise Refused(422, "this order id was used with another content") from None
    return _order(state, {"closed": 409, "accepted": 202}.get(state.state, 200))


@blueprint.get("/v1/grant-orders/<uuid:order_id>")
@may_fail("inquire")
def tell_order(order_id: UUID) -> Response:
    """What became of an order; 404 when it was never received."""
    state = _store().state_of(order_id, g.provider_id)
    return _order(state, 200) if state else _answer(404, error="no such order")


@blueprint.post("/v1/grant-orders/<uuid:order_id>/close")
@may_fail("close")
def rule_out_order(order_id: UUID) -> Response:
    """Promise never to carry out an order that was not received; one that was received tells its state."""
    return _order(_store().rule_out(order_id, g.provider_id), 200)


def _store() -> Store:
    store: Store = current_app.extensions["store"]
    return store


def _own_service(service_id: str) -> SimulatedService:
    service = SERVICES.get(service_id)
    if service is None or service.provider_id != g.provider_id:
        raise Refused(404, "no such service")
    return service


def _json() -> Mapping[str, Any]:
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise Refused(400, "a JSON object is needed")
    return body


def _body(*names: str) -> dict[str, str]:
    body = _json()
    values = {name: body.get(name) for name in names}
    for name, value in values.items():
        if not isinstance(value, str) or not 0 < len(value) <= MAX_TEXT or not value.isprintable():
            raise Refused(422, f"{name} must be a text of 1 to {MAX_TEXT} characters")
    return {name: str(value) for name, value in values.items()}


def _order(state: OrderState, status: int) -> Response:
    return _answer(status, state=state.state, transaction_no=state.transaction_no, reason=state.reason)


def _answer(status: int, **fields: str | bool | None) -> Response:
    response = jsonify(fields)
    response.status_code = status
    return response
