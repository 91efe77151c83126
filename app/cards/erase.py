"""Erasing what card sessions say of a person beside the reading itself."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlalchemy import SelectBase, func, null, or_, select, update
from sqlalchemy.orm import Session

from app import clock
from app.cards.models import CardSession, Evidence
from app.people import erase_facts, keys_of

JUST_READ = timedelta(days=1)
"""Somebody may be applying with it."""


def erase_readings(session: Session, person_id: UUID, *, keep_keys: bool) -> int:
    """Drop the facts of error messages, which may hold a masked name. Evidence keeps what was checked.

    Without ``keep_keys`` also which card it was: what a tap noted finds the same card again as the person's keys do, so
    this comes before those go. Returns how many sessions held something.
    """
    own = select(Evidence.id).where(Evidence.person_id == person_id)
    changed = session.scalars(
        update(CardSession)
        .where(CardSession.evidence_id.in_(own), CardSession.error_facts.is_not(None))
        .values(error_facts=null())  # no value, not the value null of JSON
        .returning(CardSession.id)
        .execution_options(synchronize_session=False)
    ).all()
    if keep_keys:
        return len(changed)
    forgotten = session.scalars(
        update(CardSession)
        .where(CardSession.seen_key.in_(keys_of(session, person_id)), CardSession.seen_key.is_not(None))
        # A tap without a PIN is done by the key alone: something has to stand there, and may be nobody's.
        .values(seen_key=func.sha256(func.uuid_send(func.gen_random_uuid())))
        .returning(CardSession.id)
        .execution_options(synchronize_session=False)
    ).all()
    return len({*changed, *forgotten})


def erase_readings_of(session: Session, person_id: UUID, judged: SelectBase, *, but_of: SelectBase) -> int:
    """Erase the person's readings behind the evidence ``judged``, unless evidence ``but_of`` rests on them, too.

    Both give ids of evidence. What was just read stays. Returns how many readings went.
    """
    own = select(Evidence.facts_id).where(Evidence.person_id == person_id)
    needed = own.where(or_(Evidence.id.in_(but_of), Evidence.verified_at > clock.now() - JUST_READ))
    gone = session.scalars(own.where(Evidence.id.in_(judged)).except_(needed)).all()
    return erase_facts(session, person_id, only=gone)
