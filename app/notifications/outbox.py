"""Writes down that somebody is to be told, in the transaction in which it happened."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb
from sqlalchemy import BigInteger, Boolean, DateTime, Text, Uuid, bindparam, cast, delete, or_, select, tuple_
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Session

from app import clock, db, db_rows
from app.db_statements import Statement
from app.notifications.models import Contact, Message, MessageState, ViewCode

# Made once: the submit of every application passes here (docs/decisions/0011).
_MESSAGES = Message.metadata.tables["messages"]
_COLUMNS = {
    "id": Uuid(),
    "event_key": Text(),
    "kind": Text(),
    "person_id": None,
    "policy_id": Text(),
    "application_id": Uuid(),
    "facts": JSONB(),
    "state": Text(),
    "attempts": BigInteger(),
    "created_at": DateTime(timezone=True),
    "next_at": DateTime(timezone=True),
}
_TO_PROVED_ADDRESS = Statement(
    insert(_MESSAGES)  # the table: the ORM takes an insert with parameters for one of its own objects
    .from_select(
        list(_COLUMNS),
        select(
            *(
                Contact.person_id if kind is None else cast(bindparam(f"new_{name}", type_=kind), kind)
                for name, kind in _COLUMNS.items()
            )
        ).where(
            Contact.person_id == bindparam("reader", type_=Uuid()),
            Contact.failed_at.is_(None),
            or_(Contact.confirmed_at.is_not(None), bindparam("unproved_too", type_=Boolean())),
        ),
    )
    .on_conflict_do_nothing(index_elements=["event_key"])
    .returning(_MESSAGES.c.id)
)


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

    False where there is nothing to send. ONE statement, because the submit waits for it. The same ``event_key`` again
    changes nothing.
    """
    return bool(_TO_PROVED_ADDRESS.rows(session, **_values(person_id, kind, event_key, about, facts, to_unconfirmed)))


def tell_with_the_rest(session: Session, person_id: UUID, kind: str, event_key: str, about: tuple[str, UUID]) -> None:
    """``tell`` as a part of what is written together, whether there is an address or not."""
    db_rows.write(session, *_TO_PROVED_ADDRESS.part(**_values(person_id, kind, event_key, about, None, False)))


def _values(  # noqa: PLR0917  # the columns of a message
    person_id: UUID,
    kind: str,
    event_key: str,
    about: tuple[str, UUID] | None,
    facts: Mapping[str, str | int] | None,
    to_unconfirmed: bool,
) -> dict[str, Any]:
    now = clock.now()
    policy_id, application_id = about or (None, None)
    return {
        "new_id": db.new_id(),
        "new_event_key": event_key,
        "new_kind": kind,
        "new_policy_id": policy_id,
        "new_application_id": application_id,
        "new_facts": Jsonb(dict(facts or {})),
        "new_state": MessageState.QUEUED.value,
        "new_attempts": 0,
        "new_created_at": now,
        "new_next_at": now,
        "reader": person_id,
        "unproved_too": to_unconfirmed,
    }


_WITH_ADDRESS = Statement(select(Contact.person_id).where(db_rows.is_among(Contact.person_id, "people")))


def with_an_address(session: Session, person_ids: Collection[UUID]) -> frozenset[UUID]:
    """Which of these people gave an address; ``tell`` decides whether anything is sent there."""
    if not person_ids:
        return frozenset()
    return frozenset(row.person_id for row in _WITH_ADDRESS.rows(session, people=list(person_ids)))


def erase_messages(session: Session, applications: Collection[tuple[str, UUID]]) -> int:
    """Delete what was written about these applications; returns how many messages."""
    if not applications:
        return 0
    named = list(applications)
    session.execute(delete(ViewCode).where(tuple_(ViewCode.policy_id, ViewCode.application_id).in_(named)))
    gone = delete(Message).where(tuple_(Message.policy_id, Message.application_id).in_(named))
    return len(session.scalars(gone.returning(Message.id)).all())


def erase_contact(session: Session, person_id: UUID) -> int:
    """Delete a person's address and every message to it; 1 when there was an address."""
    session.execute(delete(Message).where(Message.person_id == person_id))
    gone = delete(Contact).where(Contact.person_id == person_id).returning(Contact.person_id)
    return len(session.scalars(gone).all())
