"""Refusals and answers to objections: one proposes, another confirms; the database holds them to being two people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import clock, db
from app.errors import DomainError
from app.my_number import looks_like_my_number
from app.pii import Private, vault
from app.policies import CheckKind
from app.screening.letters import RefusalLetter
from app.screening.models import Check, Ruling
from app.screening.staff import ReviewRefused, Staff, check_role

MAX_REASON_CHARACTERS = 1_000

Proposal = Literal["refuse", "uphold", "overturn"]


def propose(session: Session, check: Check, staff: Staff, proposal: Proposal, *, code: str | None, reason: str) -> None:
    """Note a proposal; an earlier one of the same check that nobody confirmed is dropped.

    ``reason`` is read by the person (BR-64). Raises E309 when it holds what looks like a My Number (BR-57).
    """
    check_role(staff, "reviewer")
    if looks_like_my_number(reason):
        raise DomainError("E309")
    reason = reason.strip()
    if len(reason) > MAX_REASON_CHARACTERS or (proposal != "overturn" and not reason):
        raise ValueError("a refusal needs a reason of at most a thousand characters")
    drop_proposal(session, check)
    ruling_id = db.new_id()
    session.add(
        Ruling(
            policy_id=check.policy_id,
            id=ruling_id,
            application_id=check.application_id,
            kind=check.kind,
            proposal=proposal,
            code=code,
            reason_enc=vault().encrypt(Private(reason), _context(ruling_id)) if reason else None,
            proposed_by=staff.staff_id,
            proposed_at=clock.now(),
        )
    )
    session.flush()


def drop_proposal(session: Session, check: Check) -> None:
    """What was proposed and not confirmed no longer stands."""
    open_one = open_proposal(session, check)
    if open_one is not None:
        open_one.dropped_at = clock.now()
        session.flush()


def open_proposal(session: Session, check: Check) -> Ruling | None:
    """The proposal of a check that waits for a second person."""
    return session.scalar(
        select(Ruling)
        .where(
            Ruling.policy_id == check.policy_id,
            Ruling.application_id == check.application_id,
            Ruling.kind == check.kind,
            Ruling.confirmed_by.is_(None),
            Ruling.dropped_at.is_(None),
        )
        .with_for_update()
    )


@dataclass(frozen=True, slots=True)
class ProposalView:
    """What one person proposed and nobody has confirmed yet, for the second person."""

    kind: CheckKind
    proposal_id: UUID
    proposal: str
    reason: str
    proposed_by: str
    proposed_at: datetime


def proposals_of(session: Session, policy_id: str, application_id: UUID) -> list[ProposalView]:
    """The proposals of an application that wait for a second person; nothing is locked."""
    rows = session.scalars(
        select(Ruling).where(
            Ruling.policy_id == policy_id,
            Ruling.application_id == application_id,
            Ruling.confirmed_by.is_(None),
            Ruling.dropped_at.is_(None),
        )
    )
    return [
        ProposalView(CheckKind(row.kind), row.id, row.proposal, _reason(row), row.proposed_by, row.proposed_at)
        for row in rows
    ]


def confirm(
    session: Session,
    check: Check,
    staff: Staff,
    *,
    proposal_id: UUID,
    office: str,
    objection: str,
    object_by: date | None,
) -> tuple[Ruling, RefusalLetter | None]:
    """A second person confirms; a refusal becomes a letter with all four parts or does not become one (BR-64).

    ``proposal_id`` is the one they read: a page that was open meanwhile confirms no other.
    Raises ``ReviewRefused`` without a proposal and for the person who made it, ``LetterIncomplete`` for a missing part.
    """
    check_role(staff, "approver")
    ruling = open_proposal(session, check)
    if ruling is None:
        raise ReviewRefused("no_proposal")
    if ruling.proposed_by == staff.staff_id:
        raise ReviewRefused("same_person")
    if proposal_id != ruling.id:
        raise ReviewRefused("no_proposal")
    ruling.confirmed_by, ruling.confirmed_at = staff.staff_id, clock.now()
    letter = None
    if ruling.proposal != "overturn":
        letter = RefusalLetter(_reason(ruling), clock.today(), office, objection, object_by)
        ruling.office, ruling.objection, ruling.object_by = office, objection, object_by
    session.flush()
    return ruling, letter


def confirmed_rulings(session: Session, policy_id: str, application_id: UUID) -> list[Ruling]:
    """What was decided by two people about an application, oldest first."""
    return list(
        session.scalars(
            select(Ruling)
            .where(
                Ruling.policy_id == policy_id,
                Ruling.application_id == application_id,
                Ruling.confirmed_at.is_not(None),
            )
            .order_by(Ruling.confirmed_at, Ruling.id)
        )
    )


def letters_of(session: Session, policy_id: str, application_id: UUID) -> list[RefusalLetter]:
    """The refusals of an application as letters, the latest last."""
    letters = []
    for ruling in confirmed_rulings(session, policy_id, application_id):
        if ruling.proposal != "overturn":
            assert ruling.confirmed_at is not None
            day = clock.local(ruling.confirmed_at).date()
            letters.append(RefusalLetter(_reason(ruling), day, ruling.office, ruling.objection, ruling.object_by))
    return letters


@dataclass(frozen=True, slots=True)
class Objection:
    """What the person wrote against a refusal, and when."""

    reason: str
    at: datetime


def take_objection(session: Session, policy_id: str, application_id: UUID, reason: str) -> None:
    """Keep why the person objects to the last refusal. Raises E309 for what looks like a My Number (BR-57)."""
    if looks_like_my_number(reason):
        raise DomainError("E309")
    if not reason.strip() or len(reason) > MAX_REASON_CHARACTERS:
        raise ValueError("an objection says why in at most a thousand characters")
    refusal = confirmed_rulings(session, policy_id, application_id)[-1]
    refusal.objected_enc = vault().encrypt(Private(reason), _context(refusal.id, "objected"))
    refusal.objected_at = clock.now()
    session.flush()


def objection_of(session: Session, policy_id: str, application_id: UUID) -> Objection | None:
    """The person's own words, for the reviewer who looks again; ``None`` while there was no objection."""
    for ruling in confirmed_rulings(session, policy_id, application_id):
        if ruling.objected_enc and ruling.objected_at:
            text = vault().decrypt(ruling.objected_enc, _context(ruling.id, "objected"))
            return Objection(text.reveal(), ruling.objected_at)
    return None


def check_is_somebody_else(session: Session, check: Check, staff: Staff) -> None:
    """An objection is looked at by a reviewer who had no part in the refusal (domain.md 5.3)."""
    for ruling in confirmed_rulings(session, check.policy_id, check.application_id):
        if ruling.kind == check.kind and staff.staff_id in (ruling.proposed_by, ruling.confirmed_by):
            raise ReviewRefused("same_person")


def _reason(ruling: Ruling) -> str:
    return vault().decrypt(ruling.reason_enc, _context(ruling.id)).reveal() if ruling.reason_enc else ""


def _context(ruling_id: UUID, part: str = "reason") -> str:
    return f"rulings.{part}:{ruling_id}"
