"""The signed token of a read-back: which draft was shown, whose it is, what it said, and when it was given out."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from uuid import UUID

from flask import current_app
from itsdangerous import BadSignature, URLSafeSerializer
from werkzeug.exceptions import NotFound

from app import applications, clock, db, policies
from app.errors import DomainError
from app.web.sign_in import signed_in_person

SENT_AT_ONCE = 2
"""So many are sent at the same time by one process while each takes milliseconds; more of them only take the processor
and the database's rows from each other (docs/decisions/0028)."""
WAITS_FOR_ITS_TURN = 0.05
"""Seconds. Who waited longer goes on: those before wait for something themselves, and it needn't be theirs."""
_turns = threading.BoundedSemaphore(SENT_AT_ONCE)


def read_back_token(policy_id: str, draft: applications.Draft) -> str:
    """A new token for this draft as it stands now (BR-03)."""
    value = [policy_id, str(draft.application_id), str(draft.person_id), clock.now().isoformat(), draft.digest]
    return str(_serializer().dumps(value))


def submit_read_back(policy_id: str, token: str) -> applications.Receipt:
    """Send the draft that the token shows. E504 for a token that is not ours or not the signed-in person's, and the
    refusals of ``applications.submit``."""
    application_id, page, person_id = _read(policy_id, token)
    with _in_turn():
        return applications.submit(policy_id, application_id, person_id, page=page)


@contextmanager
def _in_turn() -> Iterator[None]:
    """Few at once, and nobody held up by somebody else's policy."""
    is_our_turn = _turns.acquire(timeout=WAITS_FOR_ITS_TURN)
    try:
        yield
    finally:
        if is_our_turn:
            _turns.release()


def _read(policy_id: str, token: str) -> tuple[UUID, applications.ConfirmingPage, UUID]:
    try:
        policy, application_id, person_id, opened_at, read_back = _serializer().loads(token)
    except (BadSignature, ValueError, TypeError):
        raise DomainError("E504", step="内容の確認") from None
    if policy != policy_id:  # it proves nothing about when this policy's page was given out (BR-03)
        _check_takes_applications(policy_id)
        raise DomainError("E504", step="内容の確認")
    person = UUID(person_id)
    if signed_in_person() != person:
        raise DomainError("E504", step="本人確認")
    opened = datetime.fromisoformat(opened_at)
    if opened > clock.now() + timedelta(minutes=1):
        opened = clock.now()
    return UUID(application_id), applications.ConfirmingPage(opened, read_back), person


def _check_takes_applications(policy_id: str) -> None:
    with db.reading() as session:
        policy = policies.get(session, policy_id)
        if policy is None:
            raise NotFound()
        applications.check_policy_takes_applications(policy)


def _serializer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt="confirm-page")
