"""Return cases (返還): taking back what was granted, from the suspicion to the last payment, and their history."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, PrimaryKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base
from app.returns.states import FINAL, ReturnState

_STATES = ", ".join(f"'{state}'" for state in ReturnState)
_FINAL = ", ".join(f"'{state}'" for state in sorted(FINAL))


class ReturnCase(Base):
    """One case. ``amount`` is what is asked back, ``recovered`` what came back of it, in whole points.

    ``origin``: a ``review`` by staff, whose decision moves the points to RETURN_DUE; or a ``rebate``, whose refunds put
    them there before the case was opened (BR-38).

    ``proposal_id`` is the step that a second person may confirm now: an amount, or giving the rest up.

    The reason is encrypted. The database holds a decision to two people, a reason, an office and a way to object
    (BR-64), and giving up to two people.
    """

    __tablename__ = "return_cases"
    __table_args__ = (
        PrimaryKeyConstraint("policy_id", "id"),
        CheckConstraint(f"state IN ({_STATES})", name="state_is_known"),
        CheckConstraint("amount > 0 AND recovered >= 0 AND recovered <= amount", name="never_more_than_asked"),
        CheckConstraint("decided_by IS NULL OR decided_by <> proposed_by", name="two_people"),
        CheckConstraint(
            "decided_by IS NULL OR (reason_enc IS NOT NULL AND office <> '' AND objection <> '')", name="is_complete"
        ),
        CheckConstraint(
            "written_off_by IS NULL OR (write_off_by IS NOT NULL AND written_off_by <> write_off_by)",
            name="two_people_give_up",
        ),
        CheckConstraint("origin IN ('review', 'rebate')", name="origin_is_known"),
        CheckConstraint("state <> 'settled' OR recovered = amount", name="settled_is_paid"),
        Index(
            "uq_return_cases_open",
            "policy_id",
            "application_id",
            unique=True,
            postgresql_where=f"state NOT IN ({_FINAL})",
        ),
    )

    policy_id: Mapped[str]
    id: Mapped[UUID]
    application_id: Mapped[UUID]
    person_id: Mapped[UUID]
    origin: Mapped[str] = mapped_column(default="review", server_default="review")
    state: Mapped[str]
    amount: Mapped[int]
    recovered: Mapped[int] = mapped_column(default=0)
    reason_enc: Mapped[bytes | None]
    office: Mapped[str] = mapped_column(default="")
    objection: Mapped[str] = mapped_column(default="")
    opened_at: Mapped[datetime]
    respond_by: Mapped[date | None]
    proposed_by: Mapped[str | None]
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    pay_by: Mapped[date | None]
    proposal_id: Mapped[UUID | None]
    write_off_by: Mapped[str | None]
    written_off_by: Mapped[str | None]


class ReturnStep(Base):
    """One thing that happened to a case: what, by whom (``None``: the system), the state after it, points if it moved
    or named any, and the words that were written. The database refuses to change it; the words may be erased."""

    __tablename__ = "return_steps"
    __table_args__ = (
        PrimaryKeyConstraint("policy_id", "id"),
        ForeignKeyConstraint(["policy_id", "case_id"], ["return_cases.policy_id", "return_cases.id"]),
        CheckConstraint("amount > 0", name="amount_is_positive"),
        Index("ix_return_steps_case", "policy_id", "case_id", "at"),
    )

    policy_id: Mapped[str]
    id: Mapped[UUID]
    case_id: Mapped[UUID]
    at: Mapped[datetime]
    action: Mapped[str]
    state: Mapped[str]
    by_staff: Mapped[str | None]
    amount: Mapped[int | None]
    text_enc: Mapped[bytes | None]
