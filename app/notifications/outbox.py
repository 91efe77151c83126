"""Writes down that somebody is to be told, in the transaction in which it happened."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from uuid import UUID

from sqlalchemy import JSON, bindparam, cast, delete, literal, select, tuple_
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Session

from app import clock, db
from app.notifications.models import Contact, Message, MessageState


def tell(
    session: Session,
    person_id: UUID,
    kind: str,
    event_key: str,
    *,
    about: tuple[str, UUID] | None = None,
    facts: Mapping[str, str | int] | None = None,
    to_unconfirmed: bool = False,
) -> bool:
    """Queue one message ``about`` an application (policy, id), if the person gave an address and proved to read it.

    False where there is nothing to send.

    ONE statement, because the submit waits for it. The same ``event_key`` again changes nothing.
    """
    now = clock.now()
    policy_id, application_id = about or (None, None)
    address = select(
        literal(db.new_id()),
        literal(event_key),
        literal(kind),
        Contact.person_id,
        literal(policy_id),
        cast(literal(application_id), Message.application_id.type),
        cast(bindparam("facts", dict(facts or {}), type_=JSON), JSONB),
        literal(MessageState.QUEUED.value),
        literal(0),
        literal(now),
        literal(now),
    ).where(Contact.person_id == person_id, Contact.failed_at.is_(None))
    if not to_unconfirmed:
        address = address.where(Contact.confirmed_at.is_not(None))
    columns = (
        Message.id,
        Message.event_key,
        Message.kind,
        Message.person_id,
        Message.policy_id,
        Message.application_id,
        Message.facts,
        Message.state,
        Message.attempts,
        Message.created_at,
        Message.next_at,
    )
    written = (
        insert(Message)
        .from_select([column.key for column in columns], address)
        .on_conflict_do_nothing(index_elements=["event_key"])
        .returning(Message.id)
    )
    return session.scalar(written) is not None


def erase_messages(session: Session, applications: Collection[tuple[str, UUID]]) -> int:
    """Delete what was written about these applications; returns how many messages."""
    if not applications:
        return 0
    gone = delete(Message).where(tuple_(Message.policy_id, Message.application_id).in_(list(applications)))
    return len(session.scalars(gone.returning(Message.id)).all())


def erase_contact(session: Session, person_id: UUID) -> int:
    """Delete a person's address and every message to it; 1 when there was an address."""
    session.execute(delete(Message).where(Message.person_id == person_id))
    gone = delete(Contact).where(Contact.person_id == person_id).returning(Contact.person_id)
    return len(session.scalars(gone).all())
