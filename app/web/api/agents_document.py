"""The reader agents' part of docs/openapi.json, put together from the models that check their requests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from app.cards import ResultIn
from app.web.api.openapi import ApiPart
from app.web.api.schemas import PairedOut, PairIn, ProblemOut, ProgressIn, RelayStepIn, ScriptOut, TakeIn, TaskOut
from nfc.agent.signing import AGENT_HEADER, NONCE_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER

_SIGNED = """Every request is signed with the agent's Ed25519 device key: the headers name the agent, the time (Unix
seconds), a nonce of 16 random bytes (base64url without padding), and the signature (base64). Signed are, one per line:
todoke-agent-request-v1, method, path with query, agent id, timestamp, nonce, SHA-256 of the body (hex)."""

_REFUSALS = {
    400: "The body is not in the agreement.",
    401: "Not signed by an enrolled agent just now, or signed before with the same nonce.",
    404: "The session is not this agent's, over, or answered before.",
    409: "Nobody waits for this session any more: stop, and use no PIN. When pairing: this device key was revoked.",
    413: "The body is too long.",
    429: "Too many requests, or too many agents wait; Retry-After says when to come back.",
}


@dataclass(frozen=True)
class Operation:
    """One request of the interface: a row of the document."""

    name: str
    path: str
    summary: str
    body: type[BaseModel]
    answer: type[BaseModel] | None
    refusals: tuple[int, ...]
    empty: str | None = None
    signed: bool = True


OPERATIONS = (
    Operation(
        "pair",
        "/api/agent/v1/pair",
        "Enrol the device key that signs this request, with a code that a counter's supervisor or an operator made. "
        "The request names the agent `pairing`. 409: this device key was revoked; make a new one.",
        PairIn,
        PairedOut,
        (400, 401, 409, 413, 429),
    ),
    Operation(
        "take",
        "/api/agent/v1/take",
        "The next card session for this agent.",
        TakeIn,
        TaskOut,
        (400, 401, 413, 429),
        empty="No session came in this time.",
    ),
    Operation(
        "progress",
        "/api/agent/v1/sessions/{session_id}/progress",
        "Say where the reading is; repeated every few seconds, it also tells when nobody waits any more.",
        ProgressIn,
        None,
        (400, 401, 409, 413, 429),
        empty="Noted.",
    ),
    Operation(
        "result",
        "/api/agent/v1/sessions/{session_id}/result",
        "The end of a visit, judged once.",
        ResultIn,
        None,
        (400, 401, 404, 413, 429),
        empty="Taken; the person's own page says what it means.",
    ),
    Operation(
        "relay",
        "/api/agent/v1/sessions/{session_id}/relay",
        "One step of a reading by a client that carries commands and answers between service and card, such as a "
        "phone. The PIN never leaves the client. Begin without answers; send all answers so far each time.",
        RelayStepIn,
        ScriptOut,
        (400, 401, 404, 413, 429),
    ),
)


def part() -> ApiPart:
    """The paths and models of pairing, card sessions and relay."""
    models = sorted({m for o in OPERATIONS for m in (o.body, o.answer, ProblemOut) if m}, key=lambda m: m.__name__)
    headers = (AGENT_HEADER, TIMESTAMP_HEADER, NONCE_HEADER, SIGNATURE_HEADER)
    return ApiPart(
        tag="agents",
        about=" ".join(_SIGNED.split()),
        paths={operation.path: {"post": _operation(operation)} for operation in OPERATIONS},
        requests=models,
        components={
            "parameters": {name: _header(name) for name in headers},
            "responses": {str(status): _refusal(text) for status, text in _REFUSALS.items()},
        },
    )


def _operation(operation: Operation) -> dict[str, Any]:
    parameters = [
        {"$ref": f"#/components/parameters/{name}"}
        for name in (AGENT_HEADER, TIMESTAMP_HEADER, NONCE_HEADER, SIGNATURE_HEADER)
    ]
    if "{session_id}" in operation.path:
        session = {"name": "session_id", "in": "path", "required": True}
        parameters.append({**session, "schema": {"type": "string", "format": "uuid"}})  # type: ignore[dict-item]  # JSON of any depth
    responses: dict[str, Any] = {}
    if operation.answer is not None:
        responses["200"] = {"description": operation.answer.__doc__, "content": _json(operation.answer)}
    if operation.empty is not None:
        responses["204"] = {"description": operation.empty}
    responses |= {str(status): {"$ref": f"#/components/responses/{status}"} for status in operation.refusals}
    return {
        "operationId": operation.name,
        "tags": ["agents"],
        "summary": operation.summary,
        "parameters": parameters,
        "requestBody": {"required": True, "content": _json(operation.body)},
        "responses": responses,
    }


def _json(model: type[BaseModel]) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{model.__name__}"}}}


def _header(name: str) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": True, "schema": {"type": "string"}}


def _refusal(text: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/ProblemOut"}
    return {"description": text, "content": {"application/problem+json": {"schema": schema}}}
