"""Keep the pictures of one answer, encrypted, in the transaction of the answer."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.orm import Session

from app import clock, db
from app.documents.models import Document
from app.documents.pictures import MAX_FILES, Picture
from app.pii import vault


def store_pictures(
    session: Session, policy_id: str, application_id: UUID, inquiry_id: UUID, pictures: Sequence[Picture]
) -> None:
    """Keep them in the order sent; each is a picture that ``clean_picture`` drew."""
    if len(pictures) > MAX_FILES:
        raise ValueError("an answer has three pictures at most")
    for place, picture in enumerate(pictures, start=1):
        document_id = db.new_id()
        session.add(
            Document(
                policy_id=policy_id,
                id=document_id,
                application_id=application_id,
                inquiry_id=inquiry_id,
                place=place,
                width=picture.width,
                height=picture.height,
                content_enc=vault().encrypt_content(picture.content, f"documents.content:{document_id}"),
                received_at=clock.now(),
            )
        )
