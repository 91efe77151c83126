"""Erasing what was written to and by a person: questions, answers, reasons; and what was stated about them."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import case, delete, or_, tuple_, update
from sqlalchemy.orm import Session

from app import db
from app.screening.models import Inquiry, Ruling, StatedFact


def erase_texts(session: Session, applications: Collection[tuple[str, UUID]]) -> int:
    """Empty the encrypted texts; who decided what and when stays. Returns how many held one."""
    if not applications:
        return 0
    named = list(applications)
    asked = session.execute(
        update(Inquiry)
        .where(tuple_(Inquiry.policy_id, Inquiry.application_id).in_(named), Inquiry.question_enc != b"")
        .values(question_enc=b"", answer_enc=case((Inquiry.answered_at.is_(None), None), else_=b""))
        .returning(Inquiry.id)
        .execution_options(synchronize_session=False)
    )
    ruled = session.execute(
        update(Ruling)
        .where(
            tuple_(Ruling.policy_id, Ruling.application_id).in_(named),
            or_(Ruling.reason_enc != b"", Ruling.objected_enc != b""),
        )
        .values(reason_enc=b"", objected_enc=case((Ruling.objected_at.is_(None), None), else_=b""))
        .returning(Ruling.id)
        .execution_options(synchronize_session=False)
    )
    return len(asked.all()) + len(ruled.all())


def erase_statements(session: Session, person_id: UUID) -> int:
    """Drop what was stated about a person. The table is append only but for this, and only in this transaction."""
    gone = delete(StatedFact).where(StatedFact.person_id == person_id).returning(StatedFact.id)
    with db.erasing(session):
        return len(session.scalars(gone).all())
