"""確認依頼: what staff ask the person about a check, by when, and the answer; texts are kept encrypted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import clock, db
from app.errors import DomainError
from app.my_number import looks_like_my_number
from app.pii import Private, vault
from app.policies import CheckKind
from app.screening.models import Check, Inquiry

MAX_CHARACTERS = 2_000


@dataclass(frozen=True, slots=True)
class InquiryView:
    """One inquiry for its reader, texts in clear."""

    kind: CheckKind
    question: str
    asked_at: datetime
    answer_by: datetime
    answer: str | None
    answered_at: datetime | None
    lapsed_at: datetime | None


def open_inquiry(session: Session, policy_id: str, application_id: UUID) -> Inquiry | None:
    """The inquiry that waits for an answer, locked."""
    return session.scalar(
        select(Inquiry)
        .where(
            Inquiry.policy_id == policy_id,
            Inquiry.application_id == application_id,
            Inquiry.answered_at.is_(None),
            Inquiry.lapsed_at.is_(None),
        )
        .with_for_update()
    )


def put_question(session: Session, check: Check, asked_by: str, question: str, answer_by: datetime) -> None:
    """Ask. Raises E309 when the text holds what looks like a My Number (BR-57)."""
    inquiry_id = db.new_id()
    session.add(
        Inquiry(
            policy_id=check.policy_id,
            id=inquiry_id,
            application_id=check.application_id,
            kind=check.kind,
            question_enc=_encrypted(question, "question", inquiry_id),
            asked_by=asked_by,
            asked_at=clock.now(),
            answer_by=answer_by,
        )
    )
    session.flush()


def take_answer(inquiry: Inquiry, answer: str) -> None:
    """Keep the answer. Raises E309 as above."""
    inquiry.answer_enc = _encrypted(answer, "answer", inquiry.id)
    inquiry.answered_at = clock.now()


def overdue(session: Session, *, limit: int) -> list[tuple[str, UUID]]:
    """(policy, application) of inquiries whose last moment has passed without an answer."""
    rows = session.execute(
        select(Inquiry.policy_id, Inquiry.application_id)
        .where(Inquiry.answered_at.is_(None), Inquiry.lapsed_at.is_(None), Inquiry.answer_by < clock.now())
        .order_by(Inquiry.answer_by)
        .limit(limit)
    )
    return [(row.policy_id, row.application_id) for row in rows]


def answers_due(session: Session, begin: datetime, end: datetime) -> list[tuple[str, UUID]]:
    """(policy, application) of open inquiries whose last moment lies from ``begin`` to before ``end``."""
    rows = session.execute(
        select(Inquiry.policy_id, Inquiry.application_id).where(
            Inquiry.answered_at.is_(None),
            Inquiry.lapsed_at.is_(None),
            Inquiry.answer_by >= begin,
            Inquiry.answer_by < end,
        )
    )
    return [(row.policy_id, row.application_id) for row in rows]


def inquiries_of(session: Session, policy_id: str, application_id: UUID) -> list[InquiryView]:
    """Every inquiry of an application, oldest first."""
    rows = session.scalars(
        select(Inquiry)
        .where(Inquiry.policy_id == policy_id, Inquiry.application_id == application_id)
        .order_by(Inquiry.asked_at, Inquiry.id)
    )
    return [
        InquiryView(
            kind=CheckKind(row.kind),
            question=_decrypted(row.question_enc, "question", row.id),
            asked_at=row.asked_at,
            answer_by=row.answer_by,
            answer=_decrypted(row.answer_enc, "answer", row.id) if row.answer_enc else None,
            answered_at=row.answered_at,
            lapsed_at=row.lapsed_at,
        )
        for row in rows
    ]


def answered(session: Session, policy_id: str, application_id: UUID) -> list[tuple[UUID, datetime]]:
    """(inquiry, when) of every answer of an application, oldest first; without the texts."""
    rows = session.execute(
        select(Inquiry.id, Inquiry.answered_at)
        .where(
            Inquiry.policy_id == policy_id,
            Inquiry.application_id == application_id,
            Inquiry.answered_at.is_not(None),
        )
        .order_by(Inquiry.answered_at, Inquiry.id)
    )
    return [(row.id, row.answered_at) for row in rows]


def _encrypted(text: str, part: str, inquiry_id: UUID) -> bytes:
    if looks_like_my_number(text):
        raise DomainError("E309")
    if not text.strip() or len(text) > MAX_CHARACTERS:
        raise ValueError("a question and an answer have from 1 to two thousand characters")
    return vault().encrypt(Private(text), f"inquiries.{part}:{inquiry_id}")


def _decrypted(stored: bytes, part: str, inquiry_id: UUID) -> str:
    return vault().decrypt(stored, f"inquiries.{part}:{inquiry_id}").reveal()
