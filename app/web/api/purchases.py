"""Purchases and refunds for rebates (還元), reported by a provider in a signed message."""

from __future__ import annotations

from typing import Annotated, Literal

from flask import Blueprint, Response, jsonify
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints
from werkzeug.exceptions import BadRequest, NotFound

from app import rebates
from app.web.api.openapi import ApiPart, json_answer, problem, reference
from app.web.api.signed import HEADER_PARAMETERS, authentic_message

PATH = "/api/provider/v1/purchases"
MAX_BODY_BYTES = 256 * 1024
MAX_PURCHASES = 500
_Number = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]+$")]
_Name = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"^[A-Z0-9-]+$")]

blueprint = Blueprint("api_purchases", __name__)


class PurchaseLineIn(BaseModel):
    """Part of a receipt: what kind of goods (may be empty), and whole yen."""

    model_config = ConfigDict(extra="forbid", strict=True)

    goods: Annotated[str, StringConstraints(max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")] = ""
    amount: int = Field(ge=1, le=100_000_000)


class PurchaseIn(BaseModel):
    """One purchase, or one refund of goods of the purchase that `purchase_no` names.

    `transaction_no` is the provider's own and is never used twice. `account` is the person's ID at the service.
    """

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    transaction_no: _Number
    kind: Literal["purchase", "refund"]
    service_id: _Name
    account: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    at: AwareDatetime
    shop_no: _Number
    lines: list[PurchaseLineIn] = Field(min_length=1, max_length=100)
    purchase_no: _Number | None = None


class PurchasesIn(BaseModel):
    """What was bought and given back for one policy; at most 500, in any order."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    policy_id: _Name
    purchases: list[PurchaseIn] = Field(min_length=1, max_length=MAX_PURCHASES)


class PurchaseAnswer(BaseModel):
    """What became of one: `recorded` now; `unchanged`: known before (E702); `not_enrolled`: nobody who takes part has
    this account, nothing was kept; `put_aside`: staff look at it (E703, E704); `refused`: `code` names the field."""

    transaction_no: str
    outcome: Literal["recorded", "unchanged", "not_enrolled", "put_aside", "refused"]
    code: str | None = None


class PurchasesOut(BaseModel):
    """One answer for each, in their order."""

    answers: list[PurchaseAnswer]


@blueprint.post(PATH)
def purchases() -> Response:
    """Take purchases and refunds; the same again changes nothing. 404 for a policy that gives no share of purchases."""
    message = authentic_message(MAX_BODY_BYTES)
    try:
        body = PurchasesIn.model_validate_json(message.body)
    except ValueError:
        raise BadRequest() from None
    try:
        answers = rebates.record_purchases(
            body.policy_id, message.provider_id, [_report(one) for one in body.purchases]
        )
    except (LookupError, rebates.NotARebate):
        raise NotFound() from None
    return jsonify(
        answers=[
            {"transaction_no": one.transaction_no, "outcome": str(one.outcome), "code": one.code} for one in answers
        ]
    )


def _report(given: PurchaseIn) -> rebates.Report:
    return rebates.Report(
        transaction_no=given.transaction_no,
        kind=given.kind,
        service_id=given.service_id,
        account=given.account,
        at=given.at,
        shop_no=given.shop_no,
        lines=tuple(rebates.Line(line.goods, line.amount) for line in given.lines),
        purchase_no=given.purchase_no,
    )


PART = ApiPart(
    tag="rebates",
    about="Purchases and refunds for rebates, signed with a shared secret.",
    paths={
        PATH: {
            "post": {
                "tags": ["rebates"],
                "operationId": "reportPurchases",
                "summary": "Report purchases and refunds",
                "parameters": list(HEADER_PARAMETERS),
                "requestBody": {"required": True, "content": {"application/json": {"schema": reference(PurchasesIn)}}},
                "responses": {
                    "200": json_answer(PurchasesOut, "Taken; each answer says what became of one"),
                    "400": problem("The body is not in the agreed form; nothing was recorded"),
                    "401": problem("The signature is missing, wrong or older than five minutes"),
                    "404": problem("There is no such policy, or it gives no share of purchases"),
                },
            }
        }
    },
    models=(PurchasesOut,),
    requests=(PurchasesIn,),
)
