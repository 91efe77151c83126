"""Where a person's applications stand, and forgetting who they were once they are over (BR-65)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, CompoundSelect, delete, func, not_, or_, select, tuple_, union, update
from sqlalchemy.orm import Session

from app import cards
from app.applications.models import Application
from app.applications.states import ApplicationState as S

IN_FLIGHT = frozenset({S.SUBMITTED, S.WAITLISTED, S.SCREENING, S.INFO_REQUESTED, S.RE_REVIEW, S.APPROVED})


@dataclass(frozen=True)
class Standing:
    """One sent application of a person, as applicant or beneficiary."""

    policy_id: str
    application_id: UUID
    receipt_no: str
    state: S

    @property
    def is_in_flight(self) -> bool:
        """True while somebody still has to act, or points may yet move."""
        return self.state in IN_FLIGHT


def standing_of(session: Session, person_id: UUID) -> list[Standing]:
    """Every application that was sent, drafts left out."""
    rows = session.scalars(
        select(Application)
        .where(_is_of(person_id), Application.state != S.STARTED)
        .order_by(Application.policy_id, Application.id)
    )
    return [Standing(row.policy_id, row.id, row.receipt_no or "", S(row.state)) for row in rows]


def any_in_flight(session: Session, policy_id: str) -> bool:
    """Whether an application of this policy is not over."""
    open_ones = select(Application.id).where(Application.policy_id == policy_id, Application.state.in_(IN_FLIGHT))
    return session.scalar(open_ones.limit(1)) is not None


def people_in(session: Session, policy_id: str, *, after: UUID | None, limit: int) -> list[UUID]:
    """Applicants and beneficiaries of a policy, by id, from after the given one."""
    own = Application.policy_id == policy_id
    everybody = union(
        select(Application.applicant_id.label("id")).where(own),
        select(Application.beneficiary_id.label("id")).where(own),
    ).subquery()
    query = select(everybody.c.id).order_by(everybody.c.id).limit(limit)
    if after is not None:
        query = query.where(everybody.c.id > after)
    return list(session.scalars(query))


def people_of_receipt(session: Session, receipt_no: str) -> list[UUID]:
    """Applicant and beneficiary, once each; empty for an unknown number."""
    row = session.scalar(select(Application).where(Application.receipt_no == receipt_no))
    return [] if row is None else list(dict.fromkeys((row.applicant_id, row.beneficiary_id)))


def beneficiary_of_receipt(session: Session, receipt_no: str) -> UUID | None:
    """Who receives under this number; ``None`` for an unknown one."""
    return session.scalar(select(Application.beneficiary_id).where(Application.receipt_no == receipt_no))


def drop_drafts(session: Session, person_id: UUID) -> int:
    """Delete what was begun and never sent; it holds no seat."""
    gone = delete(Application).where(_is_of(person_id), Application.state == S.STARTED).returning(Application.id)
    return len(session.scalars(gone).all())


def erase_readings_for(session: Session, person_id: UUID, *, but_of: Collection[tuple[str, UUID]]) -> int:
    """Erase the person's readings by which applications were judged, unless one ``but_of`` these was, or a draft is.

    Returns the rows.
    """
    kept = or_(Application.state == S.STARTED, tuple_(Application.policy_id, Application.id).in_(list(but_of)))
    own = _is_of(person_id)
    return cards.erase_readings_of(session, person_id, _evidence(own & not_(kept)), but_of=_evidence(own & kept))


def _evidence(which: ColumnElement[bool]) -> CompoundSelect[tuple[UUID]]:
    guardians = Application.guardian_evidence_id
    return union(select(Application.evidence_id).where(which), select(guardians).where(which, guardians.is_not(None)))


def drop_drafts_in(session: Session, policy_id: str, person_id: UUID) -> None:
    """Delete what this person began in one policy and never sent."""
    session.execute(
        delete(Application).where(Application.policy_id == policy_id, _is_of(person_id), Application.state == S.STARTED)
    )


def forget_identity(session: Session, applications: Collection[tuple[str, UUID]]) -> int:
    """Replace the fingerprints, so that nothing finds the same person again; returns how many applications."""
    if not applications:
        return 0
    changed = session.execute(
        update(Application)
        .where(tuple_(Application.policy_id, Application.id).in_(list(applications)))
        .values(fingerprint=func.sha256(func.uuid_send(func.gen_random_uuid())))
        .returning(Application.id)
        .execution_options(synchronize_session=False)
    )
    return len(changed.all())


def _is_of(person_id: UUID) -> ColumnElement[bool]:
    return or_(Application.applicant_id == person_id, Application.beneficiary_id == person_id)
