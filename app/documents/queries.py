"""What was sent with an application, for reviewing staff; a picture itself only by its own call, which is recorded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.documents.models import Document
from app.pii import vault


@dataclass(frozen=True, slots=True)
class DocumentView:
    """One picture without the picture. ``is_there``: whether it can still be looked at."""

    document_id: UUID
    policy_id: str
    application_id: UUID
    inquiry_id: UUID
    place: int
    received_at: datetime
    is_there: bool
    discarded_at: datetime | None
    discarded_for: str | None


def documents_of(session: Session, policy_id: str, application_id: UUID) -> list[DocumentView]:
    """Every picture of an application, oldest first."""
    rows = session.execute(
        select(*_COLUMNS)
        .where(Document.policy_id == policy_id, Document.application_id == application_id)
        .order_by(Document.received_at, Document.inquiry_id, Document.place)
    )
    return [DocumentView(*row) for row in rows]


def find_document(session: Session, document_id: UUID) -> DocumentView | None:
    """The picture with this id."""
    row = session.execute(select(*_COLUMNS).where(Document.id == document_id)).one_or_none()
    return DocumentView(*row) if row else None


def sent_with(session: Session, policy_id: str, application_id: UUID) -> dict[UUID, int]:
    """How many pictures came with each answer; for the person, who is told no more than that."""
    rows = session.execute(
        select(Document.inquiry_id, func.count())
        .where(Document.policy_id == policy_id, Document.application_id == application_id)
        .group_by(Document.inquiry_id)
    )
    return {row.inquiry_id: row[1] for row in rows}


def content_of(session: Session, view: DocumentView) -> bytes | None:
    """The JPEG; ``None`` when it was discarded or erased."""
    stored = session.scalar(
        select(Document.content_enc).where(Document.policy_id == view.policy_id, Document.id == view.document_id)
    )
    return vault().decrypt_content(stored, f"documents.content:{view.document_id}") if stored else None


_COLUMNS = (
    Document.id,
    Document.policy_id,
    Document.application_id,
    Document.inquiry_id,
    Document.place,
    Document.received_at,
    (func.octet_length(Document.content_enc) > 0),
    Document.discarded_at,
    Document.discarded_for,
)
