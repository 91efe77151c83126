"""What a payment provider offers to todoke, and the call-backs it may send, as an OpenAPI document for providers.

``docs/provider-openapi.json`` is this document (`todoke provider-kit openapi --write`); a test compares the two, and
`todoke provider-kit check` tries it on a real interface.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.web.api import providers
from app.web.api.openapi import ApiPart, document, json_answer, reference

Text = Annotated[str, Field(min_length=1, max_length=100)]


class AccountCheckIn(BaseModel):
    """An account and the security code that the person read from the provider's app or card."""

    account: Text
    security_code: Text
    amount: int | None = Field(None, ge=1, le=1_000_000_000, description="Points that would be granted, where known")


class AccountCheckOut(BaseModel):
    """Whether they belong together; the holder's name masked, and only when they do.

    `fits`: whether the balance could take `amount` now; may be left out, and is left out unless they belong together.
    """

    result: Literal["verified", "wrong_code", "unknown_account"]
    holder_masked: Text | None = None
    fits: bool | None = None


class GrantOrderIn(BaseModel):
    """One grant order: so many whole points to this account, for a policy."""

    model_config = ConfigDict(extra="forbid")

    service_id: Text
    account: Text
    amount: int = Field(ge=1, le=1_000_000_000)
    policy_id: Text


class GrantOrderOut(BaseModel):
    """What became of an order.

    `accepted`: taken in, done later. `succeeded`: done, with the provider's transaction number. `failed`: refused for a
    reason. `closed`: ruled out, and never to be carried out.
    """

    state: Literal["accepted", "succeeded", "failed", "closed"]
    transaction_no: Text | None = None
    reason: str | None = Field(
        None,
        pattern="^[a-z0-9_]{1,40}$",
        description="`account_closed`, `balance_cap` and `minor` have words for the person; others are told in general",
    )


class Refusal(BaseModel):
    """Why a request was refused, in words for engineers; never repeats the account."""

    error: str


_ORDER_ID = {"name": "order_id", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}
_SERVICE_ID = {"name": "service_id", "in": "path", "required": True, "schema": {"type": "string"}}
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "The order id",
    "schema": {"type": "string", "format": "uuid"},
}
_ORDER = "grant orders"
_UNAUTHORISED = {"401": json_answer(Refusal, "The token is missing or wrong")}


def _body(model: type[BaseModel]) -> dict[str, Any]:
    return {"required": True, "content": {"application/json": {"schema": reference(model)}}}


_SEND = {
    "tags": [_ORDER],
    "operationId": "sendGrantOrder",
    "summary": "Carry out a grant, once for each order id; the same again gives the same answer",
    "parameters": [_ORDER_ID, _KEY],
    "requestBody": _body(GrantOrderIn),
    "responses": {
        "200": json_answer(GrantOrderOut, "Done, or refused for a reason"),
        "202": json_answer(GrantOrderOut, "Taken in; the result comes by inquiry or call-back"),
        "400": json_answer(Refusal, "The key is not the order id, or the body is no JSON"),
        "409": json_answer(GrantOrderOut, "The order was ruled out: state closed"),
        "422": json_answer(Refusal, "A field is wrong, or the order id came before with another content"),
        **_UNAUTHORISED,
    },
}
_INQUIRE = {
    "tags": [_ORDER],
    "operationId": "inquireGrantOrder",
    "summary": "What became of an order",
    "parameters": [_ORDER_ID],
    "responses": {
        "200": json_answer(GrantOrderOut, "Its state"),
        "404": json_answer(Refusal, "Never received"),
        **_UNAUTHORISED,
    },
}
_CLOSE = {
    "tags": [_ORDER],
    "operationId": "ruleOutGrantOrder",
    "summary": "Promise never to carry out an order that was not received; else its state",
    "parameters": [_ORDER_ID],
    "responses": {"200": json_answer(GrantOrderOut, "State closed, or that of the received order"), **_UNAUTHORISED},
}
_VERIFY = {
    "tags": ["accounts"],
    "operationId": "verifyAccount",
    "summary": "Whether an account and its security code belong together",
    "parameters": [_SERVICE_ID],
    "requestBody": _body(AccountCheckIn),
    "responses": {"200": json_answer(AccountCheckOut, "The answer, whatever it is"), **_UNAUTHORISED},
}

PARTS = (
    ApiPart(
        tag=_ORDER,
        about="Grant orders. An order id is carried out at most once, whatever is repeated, late or lost.",
        paths={
            "/v1/grant-orders/{order_id}": {"put": _SEND, "get": _INQUIRE},
            "/v1/grant-orders/{order_id}/close": {"post": _CLOSE},
        },
        models=(GrantOrderOut, Refusal),
        requests=(GrantOrderIn,),
    ),
    ApiPart(
        tag="accounts",
        about="Accounts at the provider's services. The account travels in the body, never in an address.",
        paths={"/v1/services/{service_id}/accounts/verify": {"post": _VERIFY}},
        models=(AccountCheckOut,),
        requests=(AccountCheckIn,),
    ),
    ApiPart(
        tag="providers",
        about=providers.PART.about,
        paths={},
        models=(providers.GrantResultOut,),
        requests=(providers.GrantResultIn,),
    ),
)


def text() -> str:
    """The document as it is kept in ``docs/provider-openapi.json``."""
    whole = document(PARTS)
    whole["info"]["title"] = "todoke: interface of payment providers"
    whole["servers"] = [{"url": "https://provider.example", "description": "the provider's own address"}]
    call_back = {**providers.PART.paths[providers.PATH]["post"], "security": []}
    whole["webhooks"] = {"grantResult": {"post": call_back}}
    whole["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    whole["security"] = [{"token": []}]
    return json.dumps(whole, ensure_ascii=False, indent=1) + "\n"
