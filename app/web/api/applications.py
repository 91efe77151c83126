"""Sending an application (申込) from a program: what the confirming page reads back and sends, as JSON.

The person is the one whose card was read in this session, and the draft is the one that the pages fill in. As every
write of a session it needs the token against forgery, here in the header ``X-CSRFToken``.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from flask import Blueprint, Response, jsonify, request, url_for
from flask_wtf.csrf import generate_csrf
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from werkzeug.exceptions import BadRequest, NotFound, RequestEntityTooLarge, Unauthorized

from app import applications, db, payments, policies
from app.errors import DomainError
from app.web.api.openapi import ApiPart, json_answer, problem, reference
from app.web.confirming import read_back_token, submit_read_back
from app.web.idempotency import HEADER, Answer, KeyRefused, json_text, key_of_request, once
from app.web.rate_limits import SUBMIT_BY_PROGRAM, check_limit
from app.web.sign_in import signed_in_person

MAX_BODY_BYTES = 4_096
DRAFT_PATH = "/api/v1/policies/<policy_id>/draft"
SUBMIT_PATH = "/api/v1/policies/<policy_id>/applications"

blueprint = Blueprint("api_applications", __name__)


class DraftOut(BaseModel):
    """What would be sent. `missing` names the first step that is still to be done; then there is no `read_back`.

    `read_back` stands for exactly what is shown here: what is changed afterwards needs a new one (E504).
    """

    policy_id: str
    title: str
    municipality_label: str
    amount: int = Field(description="Whole points; 0 where it is not known before the purchases are counted")
    amount_is_open: bool = Field(description="`amount` is the most; a register decides which child it is")
    service_id: str | None
    service_name: str | None
    choose_later: bool
    account_last4: str | None
    missing: Literal["consent", "service", "account"] | None
    read_back: str | None
    csrf_token: str


class ApplicationIn(BaseModel):
    """The draft as it was read back, and that the person has confirmed it."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    read_back: Annotated[str, StringConstraints(min_length=1, max_length=1_000)]
    confirmed: Literal[True]


class ReceiptOut(BaseModel):
    """The receipt number, and the page on which the application is followed."""

    receipt_no: str
    status_path: str


@blueprint.get(DRAFT_PATH)
def read_back(policy_id: str) -> Response:
    """What the signed-in person would send, service ID masked."""
    person_id = _person()
    with db.reading() as session:
        policy = policies.get(session, policy_id)
        if policy is None:
            raise NotFound()
        draft = applications.draft_of(session, policy_id, person_id)
        if draft is None:
            raise DomainError("E504", step="本人確認")
        service = payments.get_service(session, draft.service_id) if draft.service_id else None
    missing = _missing(draft)
    return jsonify(
        policy_id=policy_id,
        title=policy.document.title,
        municipality_label=policy.municipality_label,
        amount=draft.amount,
        amount_is_open=draft.amount_is_open,
        service_id=draft.service_id,
        service_name=service.name if service else None,
        choose_later=draft.choose_later,
        account_last4=draft.last4,
        missing=missing,
        read_back=None if missing else read_back_token(policy_id, draft),
        csrf_token=generate_csrf(),
    )


@blueprint.post(SUBMIT_PATH)
def submit(policy_id: str) -> Response:
    """Send it, once for each ``Idempotency-Key``."""
    person_id = _person()
    if (request.content_length or 0) > MAX_BODY_BYTES:
        raise RequestEntityTooLarge()
    content = request.get_data()
    try:
        key = key_of_request()
        given = ApplicationIn.model_validate_json(content)
        check_limit(SUBMIT_BY_PROGRAM, str(person_id))
        what = policy_id.encode() + b"\0" + content
        return once("submit", person_id, key, what, lambda: _send(policy_id, given.read_back)).response()
    except KeyRefused as refused:
        return refused.response()
    except ValidationError:
        raise BadRequest("the body is not in the agreed form") from None


def _send(policy_id: str, token: str) -> Answer:
    receipt_no = submit_read_back(policy_id, token).receipt_no
    path = url_for("resident.application", receipt_no=receipt_no)
    return Answer(201, json_text({"receipt_no": receipt_no, "status_path": path}))


def _person() -> UUID:
    person_id = signed_in_person()
    if person_id is None:
        raise Unauthorized()
    return person_id


def _missing(draft: applications.Draft) -> str | None:
    if not draft.consented:
        return "consent"
    if draft.choose_later:
        return None
    if draft.service_id is None:
        return "service"
    return None if draft.has_account else "account"


def _header(name: str, about: str) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": True, "description": about, "schema": {"type": "string"}}


_POLICY = {"name": "policy_id", "in": "path", "required": True, "schema": {"type": "string"}}
PART = ApiPart(
    tag="applications",
    about=(
        "Send an application from a program, in the session of the person whose card was read. The same request under "
        "the same `Idempotency-Key` has the same answer for 24 hours, a refusal, too; a fault (5xx) may be tried again."
    ),
    paths={
        DRAFT_PATH.replace("<policy_id>", "{policy_id}"): {
            "get": {
                "tags": ["applications"],
                "operationId": "readBackDraft",
                "summary": "Read back what would be sent",
                "parameters": [_POLICY],
                "security": [{"session": []}],
                "responses": {
                    "200": json_answer(DraftOut, "The draft; the service ID by its last four characters"),
                    "401": problem("No card was read in this session"),
                    "404": problem("There is no such policy"),
                    "409": problem("The person has no draft for this policy (E504)"),
                },
            }
        },
        SUBMIT_PATH.replace("<policy_id>", "{policy_id}"): {
            "post": {
                "tags": ["applications"],
                "operationId": "submitApplication",
                "summary": "Send the application that was read back",
                "parameters": [
                    _POLICY,
                    _header(HEADER, "A string of 16 to 100 characters, new for each application, such as a UUID"),
                    _header("X-CSRFToken", "`csrf_token` of the draft"),
                ],
                "security": [{"session": []}],
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": reference(ApplicationIn)}},
                },
                "responses": {
                    "201": json_answer(ReceiptOut, "Sent, now or before under this key"),
                    "400": problem("The key is missing (`type` ends in `-missing`), or the body is not as agreed"),
                    "401": problem("No card was read in this session"),
                    "403": problem("Somebody else's card was read meanwhile"),
                    "409": problem(
                        "The request with this key is still under way (`type` ends in `-in-flight`); or the "
                        "application is refused, and `code` says why"
                    ),
                    "413": problem("The body is longer than 4,096 bytes"),
                    "422": problem(
                        "The key came before with another body (`type` ends in `-reused`); or the application is "
                        "refused, and `code` says why"
                    ),
                    "429": problem("Too many requests; `Retry-After` says when again"),
                    "503": problem("Maintenance (E501) or a fault; the same request may be sent again"),
                },
            }
        },
    },
    models=(DraftOut, ReceiptOut),
    requests=(ApplicationIn,),
    components={"securitySchemes": {"session": {"type": "apiKey", "in": "cookie", "name": "todoke"}}},
)
