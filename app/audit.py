"""Append-only audit events: who did what to which object, when, under which policy.

Rows hold ids, codes and keyed pseudonyms; never a name, address, birth date, PIN or service ID (promise 6). They are
written in the transaction they speak of and sealed later, in hash-chained batches, by a periodic job: chaining at
insert would make every transaction wait for the one before it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, event, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app import clock, db_rows
from app.db import Base
from app.settings import Keys

SEAL_BATCH = 5_000
SEAL_LOCK = 715_002


class AuditEvent(Base):
    """One thing that was done. The database refuses to change or delete it."""

    __tablename__ = "audit_events"
    __table_args__ = (Index("ix_audit_events_object", "object_kind", "object_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    action: Mapped[str]
    actor_kind: Mapped[str]
    actor: Mapped[str | None]
    policy_id: Mapped[str | None]
    object_kind: Mapped[str]
    object_id: Mapped[str]
    facts: Mapped[dict[str, Any]]


class AuditSeal(Base):
    """A batch of events under one digest that includes the digest of the batch before."""

    __tablename__ = "audit_seals"

    id: Mapped[int] = mapped_column(primary_key=True)
    sealed_at: Mapped[datetime]
    event_count: Mapped[int]
    previous_digest: Mapped[bytes]
    digest: Mapped[bytes]


class AuditSealEntry(Base):
    """Which seal covers which event; apart from the event, which never changes."""

    __tablename__ = "audit_seal_entries"

    event_id: Mapped[int] = mapped_column(ForeignKey("audit_events.id"), primary_key=True)
    seal_id: Mapped[int] = mapped_column(ForeignKey("audit_seals.id"), index=True)


class _Current:
    key: bytes | None = None


def configure(keys: Keys) -> None:
    """Give this process the key of its pseudonyms and seals."""
    _Current.key = keys.audit.get_secret_value()


def _keyed(message: bytes) -> bytes:
    if _Current.key is None:
        raise RuntimeError("audit.configure() has not been called in this process")
    return hmac.new(_Current.key, message, hashlib.sha256).digest()


def pseudonym(person_id: UUID) -> str:
    """What stands for a person in audit rows and logs: stable, keyed, of no use outside (BR-60)."""
    return "p-" + _keyed(b"person\0" + person_id.bytes).hex()[:20]


def record(
    session: Session,
    action: str,
    *,
    actor_kind: str,
    object_kind: str,
    object_id: str,
    actor: str | None = None,
    policy_id: str | None = None,
    facts: dict[str, str | int | bool | None] | None = None,
) -> None:
    """Write one audit event in the caller's transaction. ``facts`` holds ids, codes and whole numbers only.

    The events of a transaction are written together: at its commit, or earlier by ``write``.
    """
    events: list[dict[str, Any]] = session.info.setdefault(_RECORDED, [])
    events.append(
        {
            "at": clock.now(),
            "action": action,
            "actor_kind": actor_kind,
            "actor": actor,
            "policy_id": policy_id,
            "object_kind": object_kind,
            "object_id": object_id,
            "facts": facts or {},
        }
    )
    if session.in_nested_transaction():  # what is undone alone must be written alone
        write(session)


def write(session: Session) -> None:
    """Write the events that were recorded so far; called before a row is locked that everybody waits for."""
    events: list[dict[str, Any]] | None = session.info.pop(_RECORDED, None)
    if events:
        db_rows.insert_rows(session, AuditEvent, events)


def waiting(session: Session) -> int:
    """How many events wait to be written."""
    return len(session.info.get(_RECORDED, ()))


_RECORDED = "audit.recorded"
event.listen(Session, "before_commit", write)


def seal(session: Session) -> int:
    """Seal the events that have no seal yet, oldest first; returns how many."""
    unsealed = (
        select(AuditEvent)
        .outerjoin(AuditSealEntry, AuditSealEntry.event_id == AuditEvent.id)
        .where(AuditSealEntry.event_id.is_(None))
        .order_by(AuditEvent.id)
        .limit(SEAL_BATCH)
    )
    events = list(session.scalars(unsealed))
    if not events:
        return 0
    # One sealing at a time; not by a lock on the row, because who may lock a row may change it (docs/decisions/0014).
    session.execute(select(func.pg_advisory_xact_lock(SEAL_LOCK)))
    last = session.scalar(select(AuditSeal).order_by(AuditSeal.id.desc()).limit(1))
    previous = last.digest if last else b"\0" * 32
    seal_row = AuditSeal(
        sealed_at=clock.now(), event_count=len(events), previous_digest=previous, digest=_digest(previous, events)
    )
    session.add(seal_row)
    session.flush()
    session.add_all(AuditSealEntry(event_id=event.id, seal_id=seal_row.id) for event in events)
    return len(events)


def first_broken_seal(session: Session) -> int | None:
    """Verify the whole chain; the id of the first seal that does not fit its events, or None."""
    previous = b"\0" * 32
    for row in session.scalars(select(AuditSeal).order_by(AuditSeal.id)):
        covered = (
            select(AuditEvent)
            .join(AuditSealEntry, AuditSealEntry.event_id == AuditEvent.id)
            .where(AuditSealEntry.seal_id == row.id)
            .order_by(AuditEvent.id)
        )
        events = list(session.scalars(covered))
        fits = row.previous_digest == previous and row.event_count == len(events)
        if not fits or not hmac.compare_digest(row.digest, _digest(previous, events)):
            return row.id
        previous = row.digest
    return None


def _digest(previous: bytes, events: list[AuditEvent]) -> bytes:
    lines = [
        json.dumps(
            [e.id, e.at.isoformat(), e.action, e.actor_kind, e.actor, e.policy_id, e.object_kind, e.object_id, e.facts],
            sort_keys=True,
            ensure_ascii=False,
            separators=(",", ":"),
        )
        for e in events
    ]
    return _keyed(b"seal\0" + previous + "\n".join(lines).encode())
