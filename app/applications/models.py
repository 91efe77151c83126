"""The application (申込): one request of one applicant for one beneficiary in one policy."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.applications.states import RELEASED, ApplicationState
from app.db import Base, new_id

_NOT_LIVE = ", ".join(f"'{state}'" for state in sorted(RELEASED))
STANDING = text(f"applications.state NOT IN ({_NOT_LIVE})")
"""That an application stands, as the indexes below say it: with parameters they could not be used."""
_STATES = ", ".join(f"'{state}'" for state in ApplicationState)


class Application(Base):
    """A draft while ``started``; from ``submitted`` on the record of a decision, judged by one policy version."""

    __tablename__ = "applications"
    __table_args__ = (
        ForeignKeyConstraint(["policy_id", "policy_version"], ["policy_versions.policy_id", "policy_versions.version"]),
        CheckConstraint(f"state IN ({_STATES})", name="state"),
        CheckConstraint("amount >= 0", name="amount"),
        # BR-53: a counter's record without its staff is none.
        CheckConstraint(
            "channel NOT IN ('counter', 'paper') OR (staff_id IS NOT NULL AND terminal_id IS NOT NULL)",
            name="a_counter_names_its_staff",
        ),
        CheckConstraint("state = 'started' OR receipt_no IS NOT NULL", name="submitted_has_receipt"),
        CheckConstraint("state = 'started' OR draft_account_enc IS NULL", name="draft_account_only_while_started"),
        CheckConstraint(
            "(applicant_id = beneficiary_id) = (guardian_evidence_id IS NULL)", name="guardian_has_evidence"
        ),
        CheckConstraint(
            "state = 'started' OR guardian_evidence_id IS NULL OR declared_at IS NOT NULL", name="guardian_declared"
        ),
        CheckConstraint("wallet = 'own' OR wallet = 'guardian' AND guardian_evidence_id IS NOT NULL", name="wallet"),
        CheckConstraint(
            "(came_at_reason IS NULL) = (came_at_by IS NULL)"
            " AND (came_at_reason IS NULL OR came_at IS NOT NULL AND channel = 'paper')",
            name="a_hand_written_time_is_explained",
        ),
        CheckConstraint("told_at IS NULL OR channel = 'paper'", name="told_of_a_paper"),
        # BR-13: one application per beneficiary, policy and unit.
        Index(
            "uq_applications_beneficiary",
            "policy_id",
            "beneficiary_id",
            "unit_key",
            unique=True,
            postgresql_where=text(f"state NOT IN ({_NOT_LIVE})"),
        ),
        # BR-14: somebody alike is a suspicion; the later one goes to staff as E205 with duplicate_suspected.
        Index(
            "uq_applications_fingerprint",
            "policy_id",
            "unit_key",
            "fingerprint",
            unique=True,
            postgresql_where=text(f"state NOT IN ({_NOT_LIVE}) AND NOT cleared_by_staff AND NOT duplicate_suspected"),
        ),
        # The few that the index above leaves out, so that a submit finds everybody alike without reading all the rest.
        Index(
            "ix_applications_suspected",
            "policy_id",
            "fingerprint",
            postgresql_where=text(f"state NOT IN ({_NOT_LIVE}) AND NOT cleared_by_staff AND duplicate_suspected"),
        ),
        Index("ix_applications_beneficiary", "beneficiary_id"),
        # Who waits for a seat, in order of receipt; and whose time to choose a service runs out.
        Index(
            "ix_applications_waiting",
            "policy_id",
            text("coalesce(came_at, submitted_at)"),
            "id",
            postgresql_where=text("state = 'waitlisted'"),
        ),
        Index("ix_applications_assign_by", "assign_by", postgresql_where="state = 'approved'"),
        Index("ix_applications_applicant", "applicant_id"),
    )

    policy_id: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id, unique=True)
    policy_version: Mapped[int]
    receipt_no: Mapped[str | None] = mapped_column(unique=True)
    applicant_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    beneficiary_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    unit_key: Mapped[str]
    fingerprint: Mapped[bytes]
    cleared_by_staff: Mapped[bool] = mapped_column(default=False)
    duplicate_suspected: Mapped[bool] = mapped_column(default=False)
    state: Mapped[str]
    channel: Mapped[str]
    staff_id: Mapped[str | None]
    terminal_id: Mapped[UUID | None]
    # When the person came, where that is what counts: the time of a queue ticket or of a paper slip.
    came_at: Mapped[datetime | None]
    # Where that time was written by hand: why there is no ticket, and whose hand it was.
    came_at_reason: Mapped[str | None]
    came_at_by: Mapped[str | None]
    evidence_id: Mapped[UUID] = mapped_column(ForeignKey("evidence.id"))
    """The beneficiary's. A guardian's own is beside it."""
    guardian_evidence_id: Mapped[UUID | None] = mapped_column(ForeignKey("evidence.id"))
    guardian_relation: Mapped[str | None]
    guardian_reason: Mapped[str | None]
    declared_at: Mapped[datetime | None]
    wallet: Mapped[str] = mapped_column(default="own", server_default="own")
    """Whose service ID receives: the beneficiary's ``own``, or the ``guardian``'s (BR-27)."""
    review_requested: Mapped[bool] = mapped_column(default=False)
    consents: Mapped[dict[str, Any]]
    amount: Mapped[int]
    amount_by_register: Mapped[bool] = mapped_column(default=False, server_default="false")
    """The amount is the most that it may come to until a register says which child it is (BR-29)."""
    service_id: Mapped[str | None]
    choose_later: Mapped[bool] = mapped_column(default=False)
    draft_account_enc: Mapped[bytes | None]
    draft_last4: Mapped[str | None]
    holder_masked: Mapped[str | None]
    in_grace: Mapped[bool] = mapped_column(default=False)
    started_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    assign_by: Mapped[datetime | None]
    # Of a paper: when its person was told what was decided, by letter or by hand; before that no day for them passes.
    told_at: Mapped[datetime | None]
    fulfilled_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]

    @property
    def counts_from(self) -> datetime | None:
        """The moment by which it is judged and takes its place: when the person came, else when it was submitted."""
        return self.came_at or self.submitted_at
