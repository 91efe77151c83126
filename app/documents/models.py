"""One picture that a person sent with an answer. The picture lies encrypted beside its application."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, PrimaryKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base


class Document(Base):
    """A picture as we drew it anew. Discarded or erased, only the row stays: when it came, and who took it away."""

    __tablename__ = "documents"
    __table_args__ = (
        PrimaryKeyConstraint("policy_id", "id"),
        ForeignKeyConstraint(["policy_id", "inquiry_id"], ["inquiries.policy_id", "inquiries.id"]),
        CheckConstraint("place BETWEEN 1 AND 3", name="place"),
        CheckConstraint("width > 0 AND height > 0", name="drawn"),
        CheckConstraint("(discarded_at IS NULL) = (discarded_by IS NULL)", name="discarded_by"),
        CheckConstraint(
            "(discarded_at IS NULL) = (discarded_for IS NULL)"
            " AND discarded_for IN ('back_of_card', 'number_visible', 'not_needed')",
            name="discarded_for",
        ),
        # BR-59, BR-65: what was discarded or erased has no picture any more, and nothing else lacks one.
        CheckConstraint(
            "(content_enc = ''::bytea) = (discarded_at IS NOT NULL OR erased_at IS NOT NULL)", name="content"
        ),
        Index("uq_documents_place", "policy_id", "inquiry_id", "place", unique=True),
        Index("ix_documents_application", "policy_id", "application_id"),
    )

    policy_id: Mapped[str]
    id: Mapped[UUID]
    application_id: Mapped[UUID]
    inquiry_id: Mapped[UUID]
    place: Mapped[int]
    width: Mapped[int]
    height: Mapped[int]
    content_enc: Mapped[bytes]
    received_at: Mapped[datetime]
    discarded_at: Mapped[datetime | None] = mapped_column(default=None)
    discarded_by: Mapped[str | None] = mapped_column(default=None)
    discarded_for: Mapped[str | None] = mapped_column(default=None)
    erased_at: Mapped[datetime | None] = mapped_column(default=None)
