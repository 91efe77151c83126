"""Call-backs of providers: signed, fresh, and good for one content each, so that a replay changes nothing.

The signature is HMAC-SHA256 over ``<timestamp>.<event id>.<body>`` with the secret that todoke and the provider share.
Freshness is judged by real time, so that a moved clock can't make an old message young.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app import clock, db
from app.points.models import CallBack
from app.points.quarantine import Reported
from app.points.take_result import Taken, take_result

FRESH_FOR = timedelta(minutes=5)
# Longer than a call-back stays fresh: one whose id is forgotten is too old to be taken.
REMEMBER_FOR = timedelta(days=2)
MAX_TIMESTAMP = 12


class EventReused(Exception):
    """The event id was used before with another content."""


def sign(secret: bytes, timestamp: str, event_id: str, body: bytes) -> str:
    """The signature of a call-back, as its header carries it."""
    return "v1=" + hmac.new(secret, f"{timestamp}.{event_id}.".encode() + body, hashlib.sha256).hexdigest()


@dataclass(frozen=True)
class SignedCallBack:
    """A call-back as it came, before anybody believes it."""

    timestamp: str
    event_id: str
    signature: str
    body: bytes

    def is_authentic(self, secret: bytes, now: datetime) -> bool:
        """True when the signature is right and the message was made within five minutes of ``now`` (real time)."""
        if not (self.timestamp.isascii() and self.timestamp.isdigit() and len(self.timestamp) <= MAX_TIMESTAMP):
            return False
        expected = sign(secret, self.timestamp, self.event_id, self.body)
        if not hmac.compare_digest(expected.encode(), self.signature.encode("utf-8", "replace")):
            return False
        return abs(now.timestamp() - int(self.timestamp)) <= FRESH_FOR.total_seconds()


def take_call_back(event_id: UUID, body: bytes, reported: Reported) -> Taken:
    """Take an authentic call-back in one transaction; the same event again gives the outcome of the first time.

    Raises ``EventReused`` when the id comes with another content; nothing is then changed.
    """
    digest = hashlib.sha256(body).digest()
    with db.transaction() as session:
        if not _claim(session, reported.provider_id, event_id, digest):
            return _outcome_of(session, reported.provider_id, event_id, digest)
        taken = take_result(session, reported)
        session.get_one(CallBack, (reported.provider_id, event_id)).outcome = taken.name
        return taken


def forget_old_call_backs() -> None:
    """Drop the ids of call-backs that are too old to come again."""
    with db.transaction() as session:
        session.execute(delete(CallBack).where(CallBack.taken_at < clock.real_now() - REMEMBER_FOR))


def _claim(session: Session, provider_id: str, event_id: UUID, digest: bytes) -> bool:
    """True for the first; a second one that comes at the same time waits here until the first is done."""
    statement = insert(CallBack).values(
        provider_id=provider_id,
        event_id=event_id,
        body_digest=digest,
        outcome=Taken.ALREADY_RECORDED.name,
        taken_at=clock.real_now(),
    )
    claimed = session.scalars(statement.on_conflict_do_nothing().returning(CallBack.event_id)).one_or_none()
    return claimed is not None


def _outcome_of(session: Session, provider_id: str, event_id: UUID, digest: bytes) -> Taken:
    first = session.get_one(CallBack, (provider_id, event_id))
    if first.body_digest != digest:
        raise EventReused(str(event_id))
    return Taken.ALREADY_RECORDED if first.outcome == Taken.RECORDED.name else Taken[first.outcome]
