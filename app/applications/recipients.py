"""Whom to tell about an application, and whose time runs out on a day."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import clock, db_rows, points, screening
from app.applications.models import Application
from app.applications.standing import IN_FLIGHT, Standing
from app.applications.states import ApplicationState as S

MOST_A_DAY = 100_000


@dataclass(frozen=True)
class Parties:
    """Who applied, who receives, and under which number."""

    applicant_id: UUID
    beneficiary_id: UUID
    receipt_no: str


@dataclass(frozen=True)
class Deadline:
    """One application that ends, or loses something, unless its applicant acts."""

    policy_id: str
    application_id: UUID
    applicant_id: UUID


def parties_of(session: Session, policy_id: str, application_id: UUID) -> Parties | None:
    """The people of one sent application; ``None`` for an unknown one or a draft."""
    row = session.execute(
        select(Application.applicant_id, Application.beneficiary_id, Application.receipt_no).where(
            Application.policy_id == policy_id, Application.id == application_id
        )
    ).one_or_none()
    if row is None or row.receipt_no is None:
        return None
    return Parties(row.applicant_id, row.beneficiary_id, row.receipt_no)


def applicants_of(session: Session, applications: Collection[tuple[str, UUID]]) -> dict[UUID, UUID]:
    """Who sent these applications (policy, id), by application."""
    rows = session.execute(
        select(Application.id, Application.applicant_id).where(
            db_rows.among(Application.policy_id, {policy_id for policy_id, _ in applications}),
            db_rows.among(Application.id, [application_id for _, application_id in applications]),
            Application.receipt_no.is_not(None),
        )
    )
    return {row.id: row.applicant_id for row in rows}


def sent_by(session: Session, person_id: UUID) -> list[Standing]:
    """The applications that this person sent, for whomever; drafts left out."""
    rows = session.scalars(
        select(Application)
        .where(Application.applicant_id == person_id, Application.state != S.STARTED)
        .order_by(Application.submitted_at, Application.id)
    )
    return [Standing(row.policy_id, row.id, row.receipt_no or "", S(row.state)) for row in rows]


def choices_ending_on(session: Session, day: date) -> list[Deadline]:
    """Approved, without a service, and this is the last day to choose one (BR-49)."""
    begin, end = _day(day)
    rows = session.execute(
        select(Application.policy_id, Application.id, Application.applicant_id)
        .where(Application.state == S.APPROVED, Application.assign_by >= begin, Application.assign_by < end)
        .limit(MOST_A_DAY)
    )
    return [Deadline(row.policy_id, row.id, row.applicant_id) for row in rows]


def in_flight_of(
    session: Session, policy_id: str, *, waiting_only: bool, after: UUID | None, limit: int
) -> list[Deadline]:
    """Applications of a policy that are not over, or wait for a seat, by id from after the given one."""
    states = {S.WAITLISTED} if waiting_only else IN_FLIGHT
    query = (
        select(Application.policy_id, Application.id, Application.applicant_id)
        .where(Application.policy_id == policy_id, Application.state.in_(states))
        .order_by(Application.id)
        .limit(limit)
    )
    if after is not None:
        query = query.where(Application.id > after)
    return [Deadline(row.policy_id, row.id, row.applicant_id) for row in session.execute(query)]


def answers_ending_on(session: Session, day: date) -> list[Deadline]:
    """Asked for something, and this is the last day to answer."""
    due = screening.answers_due(session, *_day(day))
    if not due:
        return []
    rows = session.execute(
        select(Application.policy_id, Application.id, Application.applicant_id).where(
            Application.id.in_([application_id for _, application_id in due]), Application.state == S.INFO_REQUESTED
        )
    )
    return [Deadline(row.policy_id, row.id, row.applicant_id) for row in rows]


def receipts_ending_on(session: Session, day: date) -> list[Deadline]:
    """Granted, and this is the last day for the receipt action (E402)."""
    due = points.receipts_ending_on(session, day)
    found = {pair: parties_of(session, *pair) for pair in due}
    return [Deadline(*pair, parties.applicant_id) for pair, parties in found.items() if parties is not None]


def _day(day: date) -> tuple[datetime, datetime]:
    """From 00:00 to 24:00 in Japan (BR-01)."""
    begin = datetime.combine(day, time.min, clock.TOKYO)
    return begin, begin + timedelta(days=1)
