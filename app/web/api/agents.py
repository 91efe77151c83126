"""The agents' interface: pair, take a card session, say how far it is, post the result or relay the card's answers."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import cache
from typing import TypeVar
from uuid import UUID

from flask import Blueprint, Response, current_app, g, jsonify, request
from pydantic import BaseModel, ValidationError
from werkzeug.exceptions import BadRequest, Conflict, NotFound, TooManyRequests, Unauthorized

from app import cards, clock, counter, db, policies
from app.settings import Settings
from app.web.api.schemas import PairIn, ProgressIn, RelayStepIn, TakeIn
from app.web.rate_limits import AGENT_REFUSED, check_limit
from nfc.agent.pairing import PAIRING_ID
from nfc.agent.signing import SignatureError, verify_request
from nfc.pins import PinKind
from nfc.transports.relay import answers_from_json, script_to_json

POLL_SECONDS = 0.25

blueprint = Blueprint("api_agents", __name__, url_prefix="/api/agent/v1")


@blueprint.before_request
def _authenticate() -> None:
    if request.endpoint == f"{blueprint.name}.pair":
        return  # not enrolled yet: the code and the key speak for themselves
    agent_id = cards.authenticate_agent(
        request.headers, request.method, request.full_path.rstrip("?"), request.get_data()
    )
    if agent_id is None:
        check_limit(AGENT_REFUSED)
        raise Unauthorized()
    g.agent_id = agent_id


@blueprint.post("/take")
def take() -> tuple[Response, int]:
    """The next card session for this agent, waited for with no database connection held; 204 when none came.

    401 as soon as the agent is revoked, also while it waits.
    """
    settings: Settings = current_app.extensions["todoke"]
    asked = _body(TakeIn)
    wait = min(asked.wait, settings.agent_wait_seconds)
    with _waiting_places(settings.web_threads).taken_by(g.agent_id) if wait else nullcontext():
        task = _wait_for_task(g.agent_id, wait, asked.session_id)
    if task is None:
        return Response(), 204
    return jsonify(_task_out(task, settings.public_url)), 200


@blueprint.post("/sessions/<uuid:session_id>/progress")
def progress(session_id: UUID) -> tuple[Response, int]:
    """Tell the waiting page where the reading is; 409 when the session is over."""
    step = _body(ProgressIn).step
    if step not in cards.PROGRESS:
        raise BadRequest()
    with db.transaction() as session:
        if not cards.note_progress(session, g.agent_id, session_id, step):
            raise Conflict()
    return Response(), 204


@blueprint.post("/sessions/<uuid:session_id>/result")
def result(session_id: UUID) -> tuple[Response, int]:
    """The end of a visit; judged once. 404 when the session is not this agent's, over, or answered before."""
    settings: Settings = current_app.extensions["todoke"]
    if not cards.finish_session(settings, g.agent_id, session_id, _body(cards.ResultIn)):
        raise NotFound()
    return Response(), 204


@blueprint.post("/sessions/<uuid:session_id>/relay")
def relay(session_id: UUID) -> tuple[Response, int]:
    """One step of a reading by a client that only carries the card's answers; 404 as for a result."""
    settings: Settings = current_app.extensions["todoke"]
    step = _body(RelayStepIn)
    try:
        answers = answers_from_json([answer.model_dump(exclude_unset=True) for answer in step.answers])
        script = cards.relay_step(settings, g.agent_id, session_id, answers, {PinKind(p) for p in step.allow_last_try})
    except cards.RelayError:
        raise BadRequest() from None
    if script is None:
        raise NotFound()
    return jsonify(script_to_json(script)), 200


@blueprint.post("/pair")
def pair() -> tuple[Response, int]:
    """Enrol the device key that signed this request, with a code that staff or an operator made.

    401 when code or signature is wrong, 409 for a key that was revoked: the program needs a new one.
    """
    body = _body(PairIn)
    public_key = bytes.fromhex(body.public_key)
    try:
        reader = counter.pair_reader(body.code, public_key) if _signed_by(public_key) else None
    except cards.AgentRevoked:
        raise Conflict() from None
    if reader is None:
        check_limit(AGENT_REFUSED)
        raise Unauthorized()
    return jsonify({"agent_id": str(reader.agent_id), "reader_no": reader.reader_no, "name": reader.name}), 200


def _signed_by(public_key: bytes) -> bool:
    """Whoever enrols a key must hold it."""
    now = clock.real_now().timestamp()
    try:
        signed = verify_request(public_key, request.headers, "POST", request.path, request.get_data(), now)
    except SignatureError:
        return False
    return signed.agent_id == PAIRING_ID


class WaitingPlaces:
    """At most a quarter of the threads may wait, so that pages are always served; and each agent at one place only."""

    def __init__(self, count: int) -> None:
        self._free = threading.BoundedSemaphore(count)
        self._agents: set[UUID] = set()
        self._lock = threading.Lock()

    @contextmanager
    def taken_by(self, agent_id: UUID) -> Iterator[None]:
        """A place for this agent while it waits; 429 with Retry-After when it has one already or none is free."""
        with self._lock:
            if agent_id in self._agents or not self._free.acquire(blocking=False):
                raise TooManyRequests(retry_after=2)
            self._agents.add(agent_id)
        try:
            yield
        finally:
            with self._lock:
                self._agents.discard(agent_id)
            self._free.release()


@cache
def _waiting_places(threads: int) -> WaitingPlaces:
    return WaitingPlaces(max(1, threads // 4))


def _wait_for_task(agent_id: UUID, wait: int, session_id: UUID | None) -> cards.Task | None:
    deadline = time.monotonic() + wait
    while True:
        with db.transaction() as session:
            if not cards.is_enrolled(session, agent_id):
                raise Unauthorized()
            task = cards.take_session(session, agent_id, session_id)
        if task is not None or time.monotonic() >= deadline:
            return task
        time.sleep(POLL_SECONDS)


def _task_out(task: cards.Task, origin: str) -> dict[str, object]:
    title = municipality = None
    if task.policy_id is not None:
        with db.reading() as session:
            policy = policies.get(session, task.policy_id)
        if policy is not None:
            title, municipality = policy.document.title, policy.municipality_label
    return {
        "session_id": str(task.session_id),
        "challenge": task.challenge.hex(),
        "purpose": task.purpose,
        "policy_id": task.policy_id,
        "policy_title": title,
        "municipality_name": municipality,
        "origin": origin,
        "confirmation": task.confirmation,
        "expires_in": task.expires_in,
    }


M = TypeVar("M", bound=BaseModel)


def _body(model: type[M]) -> M:
    try:
        return model.model_validate_json(request.get_data())
    except ValidationError:
        raise BadRequest() from None
