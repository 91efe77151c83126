"""``Idempotency-Key``: the same request sent again gets the same answer, byte for byte, and is carried out once.

After draft-ietf-httpapi-idempotency-key-header: 400 without a key, 422 for a key that came with another content, 409
while the first request is under way. A key counts for one person: another's request with the same key meets nothing.
What was refused stays refused under its key. A fault of ours is not kept, so that the same request may be sent again.

The key is written down before the work begins and the answer after it. Whoever dies in between leaves a key without an
answer; once ``LOCK`` is over the same request takes it up, and what was done already shows (the draft was sent).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from uuid import UUID, uuid4

from flask import Response, request
from sqlalchemy import and_, delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError

from app import clock, db
from app.errors import DomainError, Kind
from app.language import say
from app.pii import vault
from app.web.errors import plain_title
from app.web.models import IdempotencyKey as K

HEADER = "Idempotency-Key"
LOCK = timedelta(minutes=2)
"""Longer than any request lives: its statements end by themselves (``db.STATEMENT_TIMEOUT_MS``)."""
LIFE = timedelta(hours=24)
_KEY = re.compile(r'"([!#-\[\]-~]{16,100})"|([A-Za-z0-9._~-]{16,100})')
_TYPE = "tag:todoke,2026:{name}"


class KeyProblem(StrEnum):
    """What is wrong with the key of a request."""

    MISSING = "idempotency-key-missing"
    REUSED = "idempotency-key-reused"
    IN_FLIGHT = "idempotency-key-in-flight"


_STATUS = {KeyProblem.MISSING: 400, KeyProblem.REUSED: 422, KeyProblem.IN_FLIGHT: 409}
_TITLES = {
    KeyProblem.MISSING: "Idempotency-Key がないか、形式が違います",
    KeyProblem.REUSED: "この Idempotency-Key は、別の内容で使われています",
    KeyProblem.IN_FLIGHT: "同じ Idempotency-Key の手続が続いています",
}


class KeyRefused(Exception):
    """The request is not carried out, because of its key."""

    def __init__(self, problem: KeyProblem) -> None:
        super().__init__(problem)
        self.problem = problem

    def response(self) -> Response:
        """The problem document (RFC 9457)."""
        status = _STATUS[self.problem]
        about = {"type": _TYPE.format(name=self.problem), "title": say(_TITLES[self.problem]), "status": status}
        response = _response(status, json_text(about))
        if self.problem is KeyProblem.IN_FLIGHT:
            response.headers["Retry-After"] = "1"
        return response


@dataclass(frozen=True)
class Answer:
    """What a request was answered, as it is kept: nothing in it may be personal."""

    status: int
    text: str

    def response(self) -> Response:
        """The same bytes every time."""
        return _response(self.status, self.text)


def key_of_request() -> str:
    """The header's string (RFC 8941; the quotation marks may be missing). Raises ``KeyRefused``."""
    found = _KEY.fullmatch(request.headers.get(HEADER, "").strip())
    if found is None:
        raise KeyRefused(KeyProblem.MISSING)
    return found[1] or found[2]


def once(operation: str, person_id: UUID, key: str, content: bytes, act: Callable[[], Answer]) -> Answer:
    """Carry out ``act`` unless this person's key has an answer; then that one. Raises ``KeyRefused``.

    A refusal of ``act`` (``DomainError``) is an answer, too, and is kept without its facts; a fault of the service is
    raised and leaves the key free.
    """
    index = vault().index("idempotency_key", f"{operation}\0{person_id}\0{key}".encode())
    fingerprint = vault().index("idempotency_content", content)
    owner = uuid4()
    known = _claim(index, person_id, fingerprint, owner)
    if known is not None:
        return known
    try:
        answer = _answer_of(act)
    except Exception:
        with suppress(SQLAlchemyError):  # without a database the lock ends by itself
            _release(index, owner)
        raise
    with db.transaction() as session:
        session.execute(
            update(K).where(K.key == index, K.owner == owner).values(status=answer.status, answer=answer.text)
        )
    return answer


def _answer_of(act: Callable[[], Answer]) -> Answer:
    try:
        return act()
    except DomainError as problem:
        if problem.kind is Kind.SYSTEM:
            raise
        status = problem.message.status
        about = {"type": "about:blank", "title": plain_title(problem), "status": status, "code": problem.code}
        return Answer(status, json_text(about))


def _claim(index: bytes, person_id: UUID, fingerprint: bytes, owner: UUID) -> Answer | None:
    """None when the request is ours to carry out; the kept answer when it was carried out."""
    now = clock.real_now()
    fresh = {"fingerprint": fingerprint, "owner": owner, "locked_until": now + LOCK, "expires_at": now + LIFE}
    left_behind = and_(K.answer.is_(None), K.locked_until <= now, K.fingerprint == fingerprint)
    claimed = (
        insert(K)
        .values(key=index, person_id=person_id, **fresh)
        .on_conflict_do_update(
            index_elements=["key"],
            set_=fresh | {"status": None, "answer": None},
            where=or_(K.expires_at <= now, left_behind),
        )
        .returning(K.key)
    )
    with db.transaction() as session:
        if session.execute(claimed).one_or_none() is not None:
            return None
        row = session.execute(select(K.fingerprint, K.status, K.answer).where(K.key == index)).one_or_none()
    if row is not None and row.fingerprint != fingerprint:
        raise KeyRefused(KeyProblem.REUSED)
    if row is None or row.answer is None:
        raise KeyRefused(KeyProblem.IN_FLIGHT)
    return Answer(row.status, row.answer)


def _release(index: bytes, owner: UUID) -> None:
    with db.transaction() as session:
        session.execute(delete(K).where(K.key == index, K.owner == owner, K.answer.is_(None)))


def sweep_idempotency_keys() -> int:
    """Forget the keys whose time is over; returns how many."""
    with db.transaction() as session:
        gone = delete(K).where(K.expires_at <= clock.real_now()).returning(K.key)
        return len(session.scalars(gone).all())


def json_text(content: Mapping[str, object]) -> str:
    """An answer's content as it is kept and sent."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n"


def _response(status: int, text: str) -> Response:
    kind = "application/json" if status < 400 else "application/problem+json"
    return Response(text, status=status, mimetype=kind)
