"""The providers' interface: a provider tells what became of a grant order, by a signed call-back."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from flask import Blueprint, Response, jsonify
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from werkzeug.exceptions import BadRequest, Conflict

from app import points
from app.payments.gateways import GatewayAnswer
from app.web.api.openapi import ApiPart, json_answer, problem, reference
from app.web.api.signed import HEADER_PARAMETERS, authentic_message

PATH = "/api/provider/v1/grant-results"
MAX_BODY_BYTES = 4_096
_Text = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[\x21-\x7e]+$")]

blueprint = Blueprint("api_providers", __name__)


class GrantResultIn(BaseModel):
    """What became of one grant order; `amount` is the whole points of the order, to be compared.

    `received` and `not_received` are for services with a receipt action, after `succeeded`; `not_received` only after
    the last day for it.
    """

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    order_id: UUID
    policy_id: _Text
    state: Literal["accepted", "succeeded", "failed", "received", "not_received"]
    amount: int = Field(ge=1, le=1_000_000_000)
    transaction_no: _Text | None = None
    reason: Annotated[str, StringConstraints(pattern="^[a-z0-9_]{1,40}$")] | None = None


class GrantResultOut(BaseModel):
    """`recorded`: booked now; `already_recorded`: known before; `put_aside`: staff look at it, nothing was booked."""

    outcome: Literal["recorded", "already_recorded", "put_aside"]


@blueprint.post(PATH)
def grant_result() -> Response:
    """Take one result. 401 for a signature that is wrong or old; 409 for an event id with another content."""
    message = authentic_message(MAX_BODY_BYTES)
    try:
        event_id, result = UUID(message.event_id), GrantResultIn.model_validate_json(message.body)
    except ValueError as error:
        assert isinstance(error, ValueError | ValidationError)
        raise BadRequest() from None
    reported = points.Reported(
        provider_id=message.provider_id,
        policy_id=result.policy_id,
        order_id=result.order_id,
        answer=GatewayAnswer(result.state, result.transaction_no, result.reason),
        source=points.Source.CALL_BACK,
        source_ref=str(event_id),
        amount=result.amount,
    )
    try:
        taken = points.take_call_back(event_id, message.body, reported)
    except points.EventReused:
        raise Conflict() from None
    return jsonify(outcome=taken.name.lower())


PART = ApiPart(
    tag="providers",
    about="Call-backs of payment providers, signed with a shared secret.",
    paths={
        PATH: {
            "post": {
                "tags": ["providers"],
                "operationId": "takeGrantResult",
                "summary": "Tell what became of a grant order",
                "parameters": list(HEADER_PARAMETERS),
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": reference(GrantResultIn)}},
                },
                "responses": {
                    "200": json_answer(GrantResultOut, "Taken; `outcome` says what it did"),
                    "400": problem("The body or the event id is not in the agreed form"),
                    "401": problem("The signature is missing, wrong or older than five minutes"),
                    "409": problem("The event id was used before with another content"),
                },
            }
        }
    },
    models=(GrantResultOut,),
    requests=(GrantResultIn,),
)
