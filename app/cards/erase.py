"""Erasing what card sessions say of a person beside the reading itself."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.cards.models import CardSession, Evidence


def erase_readings(session: Session, person_id: UUID) -> int:
    """Drop the facts of error messages, which may hold a masked name. Evidence keeps what was checked.

    Returns how many sessions held some.
    """
    own = select(Evidence.id).where(Evidence.person_id == person_id)
    changed = session.execute(
        update(CardSession)
        .where(CardSession.evidence_id.in_(own), CardSession.error_facts.is_not(None))
        .values(error_facts=None)
        .returning(CardSession.id)
        .execution_options(synchronize_session=False)
    )
    return len(changed.all())
