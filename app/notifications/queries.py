"""Counts for those who run the service, and forgetting what was sent long ago."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from app import clock
from app.notifications.models import OPEN, Message, MessageState

KEPT_FOR = timedelta(days=90)


@dataclass(frozen=True)
class Waiting:
    """How many messages wait, since when the oldest, and how many of the last 90 days could not be sent."""

    count: int
    oldest: datetime | None
    failed: int


def waiting_messages(session: Session) -> Waiting:
    """What is not sent yet."""
    count, oldest = session.execute(
        select(func.count(), func.min(Message.created_at)).where(Message.state.in_(OPEN))
    ).one()
    failed = session.scalars(select(func.count()).where(Message.state == MessageState.FAILED)).one()
    return Waiting(int(count), oldest, int(failed))


def forget_old_messages(session: Session) -> int:
    """Delete what is settled and older than ``KEPT_FOR``; returns how many."""
    gone = delete(Message).where(Message.state.not_in(OPEN), Message.created_at < clock.now() - KEPT_FOR)
    return len(session.scalars(gone.returning(Message.id)).all())
