"""What erasing a person means for results that were put aside (BR-65): the decision stays, the words go."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select, tuple_, update
from sqlalchemy.orm import Session

from app.points.models import Grant, QuarantinedResult

ERASED = "erased"
"""What stands in place of a note: the database wants one beside each decision."""


def erase_notes(session: Session, applications: Collection[tuple[str, UUID]]) -> int:
    """Drop what staff noted when they decided about results of these applications; returns how many notes."""
    if not applications:
        return 0
    of_these = select(Grant.policy_id, Grant.id).where(
        tuple_(Grant.policy_id, Grant.application_id).in_(list(applications))
    )
    gone = session.execute(
        update(QuarantinedResult)
        .where(
            tuple_(QuarantinedResult.policy_id, QuarantinedResult.grant_id).in_(of_these),
            QuarantinedResult.note != ERASED,
        )
        .values(note=ERASED)
        .returning(QuarantinedResult.id)
        .execution_options(synchronize_session=False)
    )
    return len(gone.all())
