"""Taking part in a rebate: begins with the application, takes points once it is approved, ends with it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import policies
from app.policies import PolicyDocument
from app.rebates.models import EnrolmentState, RebateEnrolment
from app.rebates.recount import recount
from app.rebates.terms import rate_of


def enrol(
    session: Session,
    *,
    document: PolicyDocument,
    policy_version: int,
    application_id: UUID,
    person_id: UUID,
    applied_at: datetime,
    received_earlier: int = 0,
) -> RebateEnrolment:
    """Begin to collect purchases for an application that was just sent. Nothing is reserved yet (domain.md 5.5).

    One that ended goes on where it was.

    ``received_earlier``: points the person got in the round that ``carryover_from`` names (BR-17).
    """
    benefit = rate_of(document)
    known = session.get(RebateEnrolment, (document.policy_id, application_id), with_for_update=True)
    if known is not None:  # a refusal that was overturned
        known.state = EnrolmentState.PENDING
        session.flush()
        return known
    enrolment = RebateEnrolment(
        policy_id=document.policy_id,
        application_id=application_id,
        person_id=person_id,
        policy_version=policy_version,
        applied_at=applied_at,
        state=EnrolmentState.PENDING,
        cap=policies.carry_over_left(benefit.cap_per_person, received_earlier),
        held=0,
        allocated=0,
        return_due=0,
        periods_closed=0,
    )
    session.add(enrolment)
    session.flush()
    return enrolment


def pass_enrolment(session: Session, policy_id: str, application_id: UUID, person_id: UUID) -> None:
    """The enrolment is this person's, whose paper it was; nothing where the application is for no rebate."""
    if session.get(RebateEnrolment, (policy_id, application_id)) is not None:
        locked_enrolment(session, policy_id, application_id).person_id = person_id
        session.flush()


def activate(session: Session, policy_id: str, application_id: UUID) -> None:
    """The application is approved: from now on, and for what was reported before, purchases take points.

    The caller's last statement, because it ends with the policy's hot counter row. Again changes nothing.
    """
    enrolment = locked_enrolment(session, policy_id, application_id)
    if enrolment.state != EnrolmentState.PENDING:
        return
    enrolment.state = EnrolmentState.ACTIVE
    recount(session, enrolment)


def end(session: Session, policy_id: str, application_id: UUID) -> int:
    """The application is withdrawn, refused or revoked: no purchase counts any more. Returns the points that were held.

    The caller moves them out of COMMITTED with its other entries. Again changes nothing and returns 0.
    """
    enrolment = locked_enrolment(session, policy_id, application_id)
    held, enrolment.held = enrolment.held, 0
    enrolment.state = EnrolmentState.ENDED
    session.flush()
    return held


def locked_enrolment(session: Session, policy_id: str, application_id: UUID) -> RebateEnrolment:
    """The enrolment, locked until the transaction ends; ``LookupError`` when there is none."""
    enrolment = session.scalar(
        select(RebateEnrolment)
        .where(RebateEnrolment.policy_id == policy_id, RebateEnrolment.application_id == application_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if enrolment is None:
        raise LookupError("no such enrolment")
    return enrolment
