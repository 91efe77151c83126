"""Take a picture away at once: the back of a card, a number that shows, something nobody needs (BR-59)."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from app import clock
from app.documents.models import Document

DiscardedFor = Literal["back_of_card", "number_visible", "not_needed"]


def discard(session: Session, policy_id: str, document_id: UUID, by: str, why: DiscardedFor) -> bool:
    """Empty the picture; who, when and why stays. False when it was gone already."""
    gone = session.scalars(
        update(Document)
        .where(Document.policy_id == policy_id, Document.id == document_id, Document.content_enc != b"")
        .values(content_enc=b"", discarded_at=clock.now(), discarded_by=by, discarded_for=why)
        .returning(Document.id)
        .execution_options(synchronize_session=False)
    )
    return gone.one_or_none() is not None
