"""What the web side does when a lower floor tells it something."""

from __future__ import annotations

from sqlalchemy import delete
from sqlalchemy.orm import Session

from app import counter, events
from app.retention import PersonErased
from app.web.models import IdempotencyKey, WebSession


def register() -> None:
    """Listen; called at the start of every process that may erase: web, worker, command line."""
    events.subscribe(PersonErased, end_sessions)


def end_sessions(session: Session, event: PersonErased) -> None:
    """Whoever was signed in as this person is not any more; what programs and counters noted of them is gone."""
    session.execute(delete(WebSession).where(WebSession.person_id == event.person_id))
    counter.forget_accounts_of(session, event.person_id)
    counter.forget_notes_of(session, event.person_id)
    session.execute(delete(IdempotencyKey).where(IdempotencyKey.person_id == event.person_id))
