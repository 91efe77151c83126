"""What the second person has read before confirming."""

from __future__ import annotations

from uuid import UUID

from app import db, screening
from app.policies import CheckKind


def read(policy_id: str, application_id: UUID, kind: CheckKind) -> UUID:
    """The proposal that stands for a check now; the number of nothing where none does."""
    with db.reading() as session:
        standing = {one.kind: one.proposal_id for one in screening.proposals_of(session, policy_id, application_id)}
    return standing.get(kind, UUID(int=0))
