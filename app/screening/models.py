"""The stored side of a screening: checks, how they moved, what was asked, refusals, and facts that were stated."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, PrimaryKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base
from app.policies import CheckKind
from app.screening.states import CheckAction, CheckState

FACT_KINDS = ("activity", "event_attendance", "document_seen", "death", "support_measure", "move", "guardianship")

IN_THE_QUEUE = ("inconclusive", "manual_queue", "assigned", "needs_info", "appealed", "invalidated")
PENDING_FOR_STAFF = (CheckKind.POST_REVIEW, CheckKind.GUARDIAN)
"""Checks that staff may decide although something may still come in by itself."""


def _one_of(column: str, values: Iterable[str]) -> str:
    return f"{column} IN ({', '.join(repr(str(value)) for value in values)})"


class Check(Base):
    """One check of one application. ``facts`` hold codes, labels and the policy's own values; nothing personal."""

    __tablename__ = "checks"
    __table_args__ = (
        CheckConstraint(_one_of("kind", CheckKind), name="kind"),
        CheckConstraint(_one_of("result", CheckState), name="result"),
        CheckConstraint("result NOT IN ('failed', 'upheld') OR code IS NOT NULL", name="failure_has_a_code"),
        CheckConstraint("result NOT IN ('assigned', 'needs_info') OR assigned_to IS NOT NULL", name="assigned_to"),
        CheckConstraint("result <> 'manual_queue' OR assigned_to IS NULL", name="in_the_queue_is_in_no_hand"),
        Index(
            "ix_checks_queue",
            "policy_id",
            "decided_at",
            postgresql_where=f"{_one_of('result', IN_THE_QUEUE)}"
            f" OR result = 'pending' AND {_one_of('kind', PENDING_FOR_STAFF)}",
        ),
    )

    policy_id: Mapped[str] = mapped_column(primary_key=True)
    application_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    result: Mapped[str]
    code: Mapped[str | None]
    facts: Mapped[dict[str, Any]]
    rule_version: Mapped[str]
    input_digest: Mapped[bytes]
    decided_at: Mapped[datetime]
    decided_by: Mapped[str]
    assigned_to: Mapped[str | None] = mapped_column(default=None)


class CheckMoved(Base):
    """One move of a check: who did what, when. The database refuses to change or delete it."""

    __tablename__ = "check_moves"
    __table_args__ = (
        PrimaryKeyConstraint("policy_id", "id"),
        CheckConstraint(_one_of("action", CheckAction), name="action"),
        Index("ix_check_moves_application", "policy_id", "application_id"),
    )

    policy_id: Mapped[str]
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    application_id: Mapped[UUID]
    kind: Mapped[str]
    at: Mapped[datetime]
    action: Mapped[str]
    from_state: Mapped[str]
    to_state: Mapped[str]
    actor_kind: Mapped[str]
    actor: Mapped[str | None]


class Inquiry(Base):
    """What staff asked the person about a check, by when, and the answer. Texts are encrypted."""

    __tablename__ = "inquiries"
    __table_args__ = (
        PrimaryKeyConstraint("policy_id", "id"),
        CheckConstraint("(answered_at IS NULL) = (answer_enc IS NULL)", name="answer"),
        Index(
            "uq_inquiries_open",
            "policy_id",
            "application_id",
            unique=True,
            postgresql_where="answered_at IS NULL AND lapsed_at IS NULL",
        ),
        Index("ix_inquiries_due", "answer_by", postgresql_where="answered_at IS NULL AND lapsed_at IS NULL"),
    )

    policy_id: Mapped[str]
    id: Mapped[UUID]
    application_id: Mapped[UUID]
    kind: Mapped[str]
    question_enc: Mapped[bytes]
    asked_by: Mapped[str]
    asked_at: Mapped[datetime]
    answer_by: Mapped[datetime]
    answer_enc: Mapped[bytes | None] = mapped_column(default=None)
    answered_at: Mapped[datetime | None] = mapped_column(default=None)
    lapsed_at: Mapped[datetime | None] = mapped_column(default=None)


class Ruling(Base):
    """What one person proposed about a check and another confirmed: a refusal, or the answer to an objection.

    The database holds both to being two people, and a confirmed refusal to its four parts (BR-64).
    """

    __tablename__ = "rulings"
    __table_args__ = (
        PrimaryKeyConstraint("policy_id", "id"),
        CheckConstraint("proposal IN ('refuse', 'uphold', 'overturn')", name="proposal"),
        CheckConstraint("confirmed_by IS NULL OR confirmed_by <> proposed_by", name="two_people"),
        CheckConstraint("(confirmed_by IS NULL) = (confirmed_at IS NULL)", name="confirmed"),
        CheckConstraint(
            "confirmed_by IS NULL OR proposal = 'overturn'"
            " OR (reason_enc IS NOT NULL AND office <> '' AND objection <> '')",
            name="refusal_is_complete",
        ),
        CheckConstraint(
            "(objected_at IS NULL) = (objected_enc IS NULL)"
            " AND (objected_at IS NULL OR proposal = 'refuse' AND confirmed_by IS NOT NULL)",
            name="objection",
        ),
        Index(
            "uq_rulings_open",
            "policy_id",
            "application_id",
            "kind",
            unique=True,
            postgresql_where="confirmed_by IS NULL AND dropped_at IS NULL",
        ),
    )

    policy_id: Mapped[str]
    id: Mapped[UUID]
    application_id: Mapped[UUID]
    kind: Mapped[str]
    proposal: Mapped[str]
    code: Mapped[str | None]
    reason_enc: Mapped[bytes | None]
    proposed_by: Mapped[str]
    proposed_at: Mapped[datetime]
    confirmed_by: Mapped[str | None] = mapped_column(default=None)
    confirmed_at: Mapped[datetime | None] = mapped_column(default=None)
    dropped_at: Mapped[datetime | None] = mapped_column(default=None)
    office: Mapped[str] = mapped_column(default="")
    objection: Mapped[str] = mapped_column(default="")
    objected_enc: Mapped[bytes | None] = mapped_column(default=None)
    objected_at: Mapped[datetime | None] = mapped_column(default=None)
    object_by: Mapped[date | None] = mapped_column(default=None)


class StatedFact(Base):
    """Something somebody entitled to it stated about a person. Never changed: the latest statement counts."""

    __tablename__ = "stated_facts"
    __table_args__ = (
        CheckConstraint(_one_of("kind", FACT_KINDS), name="kind"),
        Index("ix_stated_facts_person", "person_id", "kind", "subject", "id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    kind: Mapped[str]
    subject: Mapped[str]
    state: Mapped[str]
    number: Mapped[int | None]
    on_day: Mapped[date | None]
    stated_at: Mapped[datetime]
    stated_by: Mapped[str]
