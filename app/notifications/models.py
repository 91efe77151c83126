"""Where a person wants to be told, and the messages that wait, were sent, or could not be."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, new_id


class MessageState(StrEnum):
    """``dropped``: by the time it could be sent it was no longer true, or nobody was left to read it."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    DROPPED = "dropped"


OPEN = (MessageState.QUEUED, MessageState.SENDING)
MAX_TRIES = 5


def _one_of(values: tuple[MessageState, ...] | type[MessageState]) -> str:
    return ", ".join(f"'{value}'" for value in values)


class Contact(Base):
    """The one mail address of a person, encrypted; nothing is sent to it before the person proved to read it.

    ``address_index`` finds it again when a mail server gives a message back. ``failed_at``: it could not be delivered
    to, so nothing more is sent. The code is not stored: it is derived from ``code_nonce``.
    """

    __tablename__ = "contacts"
    __table_args__ = (
        CheckConstraint(f"code_tries BETWEEN 0 AND {MAX_TRIES}", name="tries_are_limited"),
        CheckConstraint("(code_nonce IS NULL) = (code_until IS NULL)", name="a_code_ends"),
        CheckConstraint("confirmed_at IS NULL OR code_nonce IS NULL", name="confirmed_has_no_code"),
    )

    person_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"), primary_key=True)
    address_enc: Mapped[bytes]
    address_index: Mapped[bytes] = mapped_column(index=True)
    language: Mapped[str]
    given_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    code_nonce: Mapped[bytes | None]
    code_until: Mapped[datetime | None]
    code_tries: Mapped[int] = mapped_column(default=0)


class ViewCode(Base):
    """The code by which one application is looked at without a card; derived from ``nonce``, as a contact's."""

    __tablename__ = "view_codes"
    __table_args__ = (CheckConstraint(f"tries BETWEEN 0 AND {MAX_TRIES}", name="tries_are_limited"),)

    policy_id: Mapped[str] = mapped_column(primary_key=True)
    application_id: Mapped[UUID] = mapped_column(primary_key=True)
    nonce: Mapped[bytes]
    until: Mapped[datetime]
    tries: Mapped[int] = mapped_column(default=0)


class Message(Base):
    """One thing to tell one person, written in the transaction in which it happened; words are made when it is sent.

    ``event_key`` names what happened, so that nothing is told twice. Holds ids and codes, no address and no words.
    """

    __tablename__ = "messages"
    __table_args__ = (
        CheckConstraint(f"state IN ({_one_of(MessageState)})", name="state_is_known"),
        CheckConstraint("(state = 'sent') = (sent_at IS NOT NULL)", name="sent_at_tells_sent"),
        CheckConstraint("attempts >= 0", name="attempts_count_up"),
        Index("ix_messages_due", "next_at", postgresql_where=f"state IN ({_one_of(OPEN)})"),
        Index("ix_messages_application", "policy_id", "application_id"),
        Index("ix_messages_person", "person_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    event_key: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    policy_id: Mapped[str | None]
    application_id: Mapped[UUID | None]
    facts: Mapped[dict[str, Any]]
    state: Mapped[str]
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    next_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    problem: Mapped[str | None]
