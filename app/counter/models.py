"""Visits at a counter, what a colleague's eye is needed for, and the tickets of a queue at closing time."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.counter.states import CounterState
from app.db import Base, new_id

_STATES = ", ".join(f"'{state}'" for state in CounterState if state is not CounterState.LOCKED)


class CounterSession(Base):
    """窓口セッション: one person's visit, bound to one card tap. Never without staff and terminal (BR-53). Real time.

    A visit that is wiped holds nothing of the person any more; the database sees to it (BR-50).
    """

    __tablename__ = "counter_sessions"
    __table_args__ = (
        CheckConstraint(f"state IN ({_STATES})", name="state"),
        CheckConstraint(
            "state <> 'wiped' OR (person_id IS NULL AND evidence_id IS NULL AND application_id IS NULL"
            " AND receipt_no IS NULL AND seen_key IS NULL AND card_session_id IS NULL AND wiped_at IS NOT NULL"
            " AND guardian_evidence_id IS NULL AND chosen_service IS NULL AND chosen_account_enc IS NULL"
            " AND chosen_last4 IS NULL AND chosen_holder IS NULL)",
            name="wiped_holds_nothing",
        ),
        CheckConstraint("errand IN ('apply', 'choose')", name="errand"),
        CheckConstraint("errand = 'apply' OR NOT for_child", name="chooses_for_oneself"),
        CheckConstraint("guardian_evidence_id IS NULL OR for_child", name="guardian_for_a_child"),
        Index(
            "uq_counter_sessions_terminal",
            "terminal_id",
            unique=True,
            postgresql_where=text("state <> 'wiped'"),
        ),
        Index(None, "terminal_id", "opened_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    terminal_id: Mapped[UUID] = mapped_column(ForeignKey("counter_terminals.id"))
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff_accounts.staff_id"))
    policy_id: Mapped[str]
    ticket_id: Mapped[UUID | None] = mapped_column(ForeignKey("queue_tickets.id"))
    state: Mapped[str]
    card_session_id: Mapped[UUID | None]
    card_purpose: Mapped[str | None]
    seen_key: Mapped[bytes | None]
    person_id: Mapped[UUID | None]
    evidence_id: Mapped[UUID | None]
    application_id: Mapped[UUID | None]
    receipt_no: Mapped[str | None]
    # A guardian applies: first the own card, then, with that reading kept, one visit for each child.
    for_child: Mapped[bool] = mapped_column(server_default=text("false"), default=False)
    guardian_evidence_id: Mapped[UUID | None]
    # Somebody who has applied already chooses a service for that application: nothing is kept before the second tap.
    errand: Mapped[str] = mapped_column(server_default=text("'apply'"), default="apply")
    chosen_service: Mapped[str | None]
    chosen_account_enc: Mapped[bytes | None]
    chosen_last4: Mapped[str | None]
    chosen_holder: Mapped[str | None]
    # What the resident read back and confirmed, and when: what is sent must be that (BR-03).
    read_back_digest: Mapped[str | None]
    read_back_at: Mapped[datetime | None]
    ended_code: Mapped[str | None]
    ended_facts: Mapped[dict[str, Any] | None]
    opened_at: Mapped[datetime]
    touched_at: Mapped[datetime]
    wiped_at: Mapped[datetime | None]


class AccountSeen(Base):
    """That a service ID was entered for a person in a visit of a member of staff (BR-55). Keyed, no ID in clear."""

    __tablename__ = "counter_accounts_seen"

    staff_id: Mapped[str] = mapped_column(ForeignKey("staff_accounts.staff_id"), primary_key=True)
    account_index: Mapped[bytes] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(primary_key=True)
    seen_at: Mapped[datetime]


class CounterAlarm(Base):
    """What a supervisor has to look at: E801, E803. Closed with a note by somebody else than it is about."""

    __tablename__ = "counter_alarms"
    __table_args__ = (
        CheckConstraint("code IN ('E801', 'E803')", name="code"),
        CheckConstraint(
            "(seen_by IS NULL) = (seen_at IS NULL) AND seen_by IS DISTINCT FROM staff_id"
            " AND (seen_by IS NULL OR note IS NOT NULL)",
            name="seen_by_another",
        ),
        Index(None, "municipality_code", "raised_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    municipality_code: Mapped[str]
    terminal_id: Mapped[UUID] = mapped_column(ForeignKey("counter_terminals.id"))
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff_accounts.staff_id"))
    code: Mapped[str]
    policy_id: Mapped[str]
    raised_at: Mapped[datetime]
    seen_by: Mapped[str | None] = mapped_column(ForeignKey("staff_accounts.staff_id"))
    seen_at: Mapped[datetime | None]
    note: Mapped[str | None]


class QueueTicket(Base):
    """整理券: who held it at closing time came in time. A number of the day, no name.

    It serves one person: the first application that it is used for claims it for good (``claimed_by``).
    """

    __tablename__ = "queue_tickets"
    __table_args__ = (
        UniqueConstraint("municipality_code", "day", "number"),
        CheckConstraint("(claimed_by IS NULL) = (used_at IS NULL)", name="used_by_somebody"),
        CheckConstraint("application_id IS NULL OR used_at IS NOT NULL", name="application_of_a_used_one"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    municipality_code: Mapped[str]
    day: Mapped[date]
    number: Mapped[int]
    policy_id: Mapped[str]
    terminal_id: Mapped[UUID] = mapped_column(ForeignKey("counter_terminals.id"))
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff_accounts.staff_id"))
    issued_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    # The person of the visits, who may have several children, or the one sending of the form of a paper.
    claimed_by: Mapped[UUID | None]
    application_id: Mapped[UUID | None]


class PaperSlip(Base):
    """紙の受付票: a time that staff wrote by hand while the terminal was away (E804), and why. Named by both hands."""

    __tablename__ = "paper_slips"
    __table_args__ = (
        CheckConstraint("reason IN ('offline', 'reader_away', 'power_cut', 'other')", name="reason"),
        CheckConstraint("reason <> 'other' OR note <> ''", name="another_reason_is_said"),
        CheckConstraint("char_length(note) <= 200", name="note_is_short"),
        CheckConstraint("written_at <= entered_at", name="written_before_it_was_entered"),
        UniqueConstraint("application_id"),
    )

    # That of the one form by which it was entered, so that it counts once however often that is sent.
    id: Mapped[UUID] = mapped_column(primary_key=True)
    municipality_code: Mapped[str]
    policy_id: Mapped[str]
    terminal_id: Mapped[UUID] = mapped_column(ForeignKey("counter_terminals.id"))
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff_accounts.staff_id"))
    received_by: Mapped[str] = mapped_column(ForeignKey("staff_accounts.staff_id"))
    written_at: Mapped[datetime]
    reason: Mapped[str]
    note: Mapped[str]
    entered_at: Mapped[datetime]
    application_id: Mapped[UUID]
