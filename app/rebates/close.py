"""The end of a period: what it earned becomes a grant, exactly once, less what refunds of earlier periods took back."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from uuid import UUID

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import audit, clock, db, events, payments, points, policies, shops
from app.payments import LinkState, ServiceDocument
from app.points import Book
from app.policies import PolicyDocument
from app.rebates.enrol import locked_enrolment
from app.rebates.happenings import RebatePeriodClosed
from app.rebates.models import EnrolmentState, RebateClosing, RebateEnrolment
from app.rebates.recount import count_enrolment, hold
from app.rebates.terms import periods_of
from app.shops import Purpose

log = structlog.get_logger(__name__)
APPLICATIONS_PER_ROUND = 500
MAX_PARTS = 100


class Closed(Enum):
    """What closing did for one application."""

    CLOSED = auto()
    NOT_DUE = auto()
    WAITS_FOR_SHOPS = auto()


@dataclass(frozen=True)
class ClosingReport:
    """How many applications were closed, how many wait for their policy's shop list, how many could not be closed."""

    closed: int
    waiting: int
    failed: int


def close_due_periods(policy_id: str | None = None, limit: int = APPLICATIONS_PER_ROUND) -> ClosingReport:
    """Close what is due, of one policy or of all, each application in a transaction of its own; again does nothing.

    An application that can't be closed is logged and does not hold up the others.
    """
    counts = dict.fromkeys(Closed, 0)
    failed = 0
    with db.reading() as session:
        due = _due(session, policy_id, limit)
    for found, application_id in due:
        try:
            counts[close_period(found, application_id)] += 1
        except Exception as error:  # one application must not hold up all the others
            failed += 1
            log.error("a period could not be closed", application_id=str(application_id), error=type(error).__name__)
    if counts[Closed.WAITS_FOR_SHOPS]:
        log.error("periods wait for a shop list", applications=counts[Closed.WAITS_FOR_SHOPS])
    return ClosingReport(counts[Closed.CLOSED], counts[Closed.WAITS_FOR_SHOPS], failed)


def close_period(policy_id: str, application_id: UUID) -> Closed:
    """Close the next period of one application, when its time has come.

    What is due is what it is entitled to until then, less all earlier grants: so a refund after a grant is offset here
    (BR-38). What is below the service's unit stays committed for the next time (BR-41). Without the shop list nothing
    is closed: "not listed" can't be told (BR-32).
    """
    with db.transaction() as session:
        enrolment = locked_enrolment(session, policy_id, application_id)
        document = policies.document_of(session, policy_id, enrolment.policy_version)
        if enrolment.state != EnrolmentState.ACTIVE or enrolment.periods_closed >= _ended(document):
            return Closed.NOT_DUE
        if document.axes.earn_shop_limited and not shops.has_list(session, policy_id, Purpose.EARN):
            return Closed.WAITS_FOR_SHOPS
        _close(session, enrolment, document)
        return Closed.CLOSED


def _close(session: Session, enrolment: RebateEnrolment, document: PolicyDocument) -> None:
    number = enrolment.periods_closed + 1
    is_last = number == len(periods_of(document))
    counted = count_enrolment(session, enrolment, document)
    entitled = counted.entitled(number)
    book = Book(session, enrolment.policy_id)
    hold(session, book, enrolment, document, counted)
    owed = max(0, enrolment.allocated - entitled)
    granted = _plan_grants(session, enrolment, min(enrolment.held, max(0, entitled - enrolment.allocated)))
    enrolment.held -= granted
    enrolment.allocated += granted
    enrolment.periods_closed = number
    if is_last:
        hold(session, book, enrolment, document, counted)
    session.add(
        RebateClosing(
            policy_id=enrolment.policy_id,
            application_id=enrolment.application_id,
            period_no=number,
            entitled=entitled,
            granted=granted,
            owed=owed if not granted else 0,
            closed_at=clock.now(),
        )
    )
    audit.record(
        session,
        "rebate.closed",
        actor_kind="system",
        policy_id=enrolment.policy_id,
        object_kind="application",
        object_id=str(enrolment.application_id),
        facts={"period": number, "entitled": entitled, "granted": granted, "owed": owed},
    )
    events.publish(
        session,
        RebatePeriodClosed(enrolment.policy_id, enrolment.application_id, number, is_last=is_last, granted=granted),
    )
    session.flush()
    book.close()


def _plan_grants(session: Session, enrolment: RebateEnrolment, amount: int) -> int:
    """Plan grants for as much of the amount as the person's service takes; returns how much that is."""
    link = payments.link_of_application(session, enrolment.policy_id, enrolment.application_id)
    service = payments.get_service(session, link.service_id) if link else None
    ready = link is not None and link.state in (LinkState.VERIFIED, LinkState.LOCKED)
    parts = _parts(amount, service)
    benefit_no = points.next_benefit_no(session, enrolment.policy_id, enrolment.application_id)
    for number, part in enumerate(parts, start=benefit_no):
        points.plan_grant(
            session,
            policy_id=enrolment.policy_id,
            application_id=enrolment.application_id,
            person_id=enrolment.person_id,
            link_id=link.link_id if link else None,
            service_id=link.service_id if link else None,
            provider_id=service.provider_id if service else None,
            amount=part,
            order_at=clock.now() if ready else None,
            benefit_no=number,
        )
    return sum(parts)


def _parts(amount: int, service: ServiceDocument | None) -> list[int]:
    """The amount as grants that the service takes, each within its minimum, maximum and unit (BR-40, BR-41)."""
    if service is None:
        return [amount] if amount else []
    parts: list[int] = []
    while len(parts) < MAX_PARTS:
        part = min(amount - sum(parts), service.largest_grant)
        part -= part % service.unit
        if part < max(1, service.min_per_grant):
            break
        parts.append(part)
    return parts


def _due(session: Session, policy_id: str | None, limit: int) -> list[tuple[str, UUID]]:
    active = RebateEnrolment.state == EnrolmentState.ACTIVE
    kinds = select(RebateEnrolment.policy_id, RebateEnrolment.policy_version).where(active).distinct()
    if policy_id is not None:
        kinds = kinds.where(RebateEnrolment.policy_id == policy_id)
    due: list[tuple[str, UUID]] = []
    for found, version in session.execute(kinds.order_by(RebateEnrolment.policy_id)).all():
        ended = _ended(policies.document_of(session, found, version))
        rows = session.execute(
            select(RebateEnrolment.policy_id, RebateEnrolment.application_id)
            .where(
                active,
                RebateEnrolment.policy_id == found,
                RebateEnrolment.policy_version == version,
                RebateEnrolment.periods_closed < ended,
            )
            .order_by(RebateEnrolment.application_id)
            .limit(limit - len(due))
        )
        due += [(row.policy_id, row.application_id) for row in rows]
    return due


def _ended(document: PolicyDocument) -> int:
    """How many periods have had their last report."""
    return sum(period.closes_at <= clock.now() for period in periods_of(document))
