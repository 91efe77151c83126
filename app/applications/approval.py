"""What an approval writes: the amount is committed and the grant planned; until when a service may be chosen."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import clock, points, rebates
from app.applications.models import Application
from app.payments import ServiceDocument
from app.policies import PolicyDocument, Rate

CHOICE_DAYS = 7
"""Days left to choose again after an order failed, or after a decision that came when the deadline was over."""
TOLD_DAYS = 14
"""Days that a letter leaves at least: as many as the first reminder leaves to those who read mail (domain.md 3.6)."""


def reserve(session: Session, book: points.Book, application: Application, document: PolicyDocument) -> None:
    """Hold the application's amount; a rebate holds nothing yet and begins to collect purchases (domain.md 5.5)."""
    if isinstance(document.benefit, Rate):
        assert application.counts_from is not None
        rebates.enrol(
            session,
            document=document,
            policy_version=application.policy_version,
            application_id=application.id,
            person_id=application.beneficiary_id,
            applied_at=application.counts_from,
            received_earlier=received_in(session, document.benefit.carryover_from, application.beneficiary_id),
        )
        return
    book.post(
        points.LedgerEvent.RESERVE,
        application.amount,
        application_id=application.id,
        person_id=application.beneficiary_id,
    )


def take_back(session: Session, book: points.Book, application: Application, event: points.LedgerEvent) -> int:
    """Move what the ledger holds for the application out again as the event says; returns how many points.

    A rebate ends with it: no purchase counts any more.
    """
    if rebates.is_enrolled(session, application.policy_id, application.id):
        rebates.end(session, application.policy_id, application.id)
    held = points.held_for(session, application.policy_id, application.id, points.FLOWS[event][0])
    if held:
        book.post(event, held, application_id=application.id, person_id=application.beneficiary_id)
    return held


def received_in(session: Session, policy_id: str | None, person_id: UUID) -> int:
    """The points that a person was granted in an earlier round (BR-17)."""
    if policy_id is None:
        return 0
    own = select(Application.id).where(Application.beneficiary_id == person_id, Application.policy_id == policy_id)
    return points.received_by(session, policy_id, list(session.scalars(own)))[1]


def commit_and_plan(
    session: Session,
    book: points.Book,
    application: Application,
    document: PolicyDocument,
    *,
    link_id: UUID | None,
    service: ServiceDocument | None,
    order_now: bool = True,
    link_is_locked: bool = False,
) -> None:
    """Post ``commit`` and plan the grant; with no cooling-off time the order goes out with it.

    For a rebate nothing is granted before a period is closed; what was bought is committed from now on.

    Without a link the application gets its deadline for choosing one. ``order_now=False`` leaves the order to the
    periodic job, for a link that is not confirmed yet; ``link_is_locked`` is for one that was bound as fixed. The
    caller closes the book last.
    """
    now = clock.now()
    if isinstance(document.benefit, Rate):
        rebates.activate(session, application.policy_id, application.id)
        application.assign_by = None if link_id else first_deadline(application, document, now)
        return
    book.post(
        points.LedgerEvent.COMMIT,
        application.amount,
        application_id=application.id,
        person_id=application.beneficiary_id,
    )
    grant = points.plan_grant(
        session,
        policy_id=application.policy_id,
        application_id=application.id,
        person_id=application.beneficiary_id,
        link_id=link_id,
        service_id=service.service_id if service else None,
        provider_id=service.provider_id if service else None,
        amount=application.amount,
        order_at=now + timedelta(hours=document.cooling_off_hours) if link_id else None,
    )
    if link_id is None:
        application.assign_by = first_deadline(application, document, now)
    elif is_ordered_at_once(document) and order_now:
        points.order_grant(session, book, grant, link_is_locked=link_is_locked)


def is_ordered_at_once(document: PolicyDocument) -> bool:
    """Whether the order goes out with the approval: there is no time to think it over, and something to order yet."""
    return document.cooling_off_hours == 0 and not isinstance(document.benefit, Rate)


def assign_deadline(document: PolicyDocument, approved_at: datetime) -> datetime:
    """Until when a service may be chosen: the earlier of ``assign_by`` and approval + ``assign_days`` (BR-49).

    Whole days (BR-01). A decision that came after that leaves ``CHOICE_DAYS``, within the days of the grant.
    """
    deadline = document.window.assign_by
    if document.assign_days is not None:
        deadline = min(deadline, end_of(clock.local(approved_at).date() + timedelta(days=document.assign_days)))
    return deadline if deadline >= approved_at else _days_to_choose(document, approved_at)


def first_deadline(application: Application, document: PolicyDocument, approved_at: datetime) -> datetime:
    """Until when a service may be chosen. Who applied on paper gets no mail: their days begin when they were told."""
    if application.channel == "paper":
        return document.window.grant_by
    return assign_deadline(document, approved_at)


def deadline_once_told(document: PolicyDocument, approved_at: datetime, told_at: datetime) -> datetime:
    """That of who applied on paper: as everybody's, and at least ``TOLD_DAYS``, within the days of the grant."""
    days = end_of(clock.local(told_at).date() + timedelta(days=TOLD_DAYS))
    return min(max(assign_deadline(document, approved_at), days), document.window.grant_by)


def deadline_after_failure(document: PolicyDocument, approved_at: datetime, failed_at: datetime) -> datetime:
    """Until when to choose again (E401): as before, and at least ``CHOICE_DAYS``, within the days of the grant.

    The first choice was made in time; that the provider could not carry it out must not end the application.
    """
    return max(assign_deadline(document, approved_at), _days_to_choose(document, failed_at))


def end_of(day: date) -> datetime:
    """23:59:59 of the day in Japan, as the ends of a policy are written (BR-01)."""
    return datetime.combine(day, time(23, 59, 59), clock.TOKYO)


def is_over(end: datetime, now: datetime) -> bool:
    """True from 00:00 of the day after (BR-01)."""
    return clock.local(now).date() > clock.local(end).date()


def _days_to_choose(document: PolicyDocument, start: datetime) -> datetime:
    return min(end_of(clock.local(start).date() + timedelta(days=CHOICE_DAYS)), document.window.grant_by)
