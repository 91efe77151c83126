"""Rows behind the web: sign-in sessions, rate limits, idempotency keys. Web processes hold no state of their own."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base


class WebSession(Base):
    """One browser's session; the cookie holds the token, the row only its hash. Times are real time."""

    __tablename__ = "web_sessions"

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    person_id: Mapped[UUID | None] = mapped_column(index=True)
    data: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class RateLimit(Base):
    """How often something was done by one keyed caller in one window."""

    __tablename__ = "rate_limits"

    key: Mapped[bytes] = mapped_column(primary_key=True)
    window_start: Mapped[datetime] = mapped_column(primary_key=True, index=True)
    count: Mapped[int]


class IdempotencyKey(Base):
    """One ``Idempotency-Key`` that a person's program sent: keyed values only, and the answer it got.

    ``key`` is keyed together with the person, so that nobody meets another's. Without ``answer`` a request is under
    way until ``locked_until``; ``owner`` is that request. The answer holds nothing personal. Times are real time.
    """

    __tablename__ = "idempotency_keys"
    __table_args__ = (
        CheckConstraint("(answer IS NULL) = (status IS NULL)", name="an_answer_has_a_status"),
        CheckConstraint("length(answer) <= 2000", name="answers_are_short"),
    )

    key: Mapped[bytes] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(index=True)
    fingerprint: Mapped[bytes]
    owner: Mapped[UUID]
    locked_until: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    status: Mapped[int | None]
    answer: Mapped[str | None]
