"""Erasing the pictures of applications, with their person or at the end of retention (BR-65)."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import tuple_, update
from sqlalchemy.orm import Session

from app import clock
from app.documents.models import Document


def erase_documents(session: Session, applications: Collection[tuple[str, UUID]]) -> int:
    """Empty the pictures; that there were some stays. Returns how many were there."""
    if not applications:
        return 0
    gone = session.scalars(
        update(Document)
        .where(tuple_(Document.policy_id, Document.application_id).in_(list(applications)), Document.content_enc != b"")
        .values(content_enc=b"", erased_at=clock.now())
        .returning(Document.id)
        .execution_options(synchronize_session=False)
    )
    return len(gone.all())
