"""Assign: choose the payment service after the submit, again after a failed order, or another one before the order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import audit, clock, db, maintenance, payments, points, screening
from app.applications.approval import assign_deadline, is_over
from app.applications.guardian import Wallet, age_for_service
from app.applications.models import Application
from app.applications.review_effects import document_of, note
from app.applications.states import ApplicationState
from app.applications.wallets import payment_wallet
from app.applications.withdraw import WITHDRAWABLE
from app.errors import DomainError
from app.payments import HolderCheckResult, Offer, ServiceDocument
from app.policies import PolicyDocument
from app.screening import Standing

_ASSIGNABLE = WITHDRAWABLE


@dataclass(frozen=True)
class Choice:
    """What a person chooses: one of the services, and the checked ID at it."""

    service_id: str
    normalized: str
    holder: HolderCheckResult


def services_to_assign(session: Session, receipt_no: str, person_id: UUID, age: int | None) -> list[Offer] | None:
    """The services this application may be given now, with the reason why not the others.

    ``None`` when it is not this person's. Raises what ``assign`` raises before it looks at the choice.
    """
    application = session.scalar(select(Application).where(Application.receipt_no == receipt_no))
    if application is None or application.applicant_id != person_id:
        return None
    return offers_for(session, application, age)


def offers_for(session: Session, application: Application, age: int | None) -> list[Offer]:
    """The services that may be chosen for this application now. Raises what ``assign`` raises before the choice."""
    document = document_of(session, application)
    _check_in_time(application, document)
    _check_not_ordered(session, application)
    return _offers(session, document, application, age)


def assign(receipt_no: str, person_id: UUID, choice: Choice, *, age: int | None = None) -> bool:
    """Bind the application to this service ID. False when it is not this person's.

    Raises E405 after the deadline (BR-49), E313 once an order is out or the application has ended, E304, E305 or E311
    for a service that can't be chosen, E303 for an ID that serves somebody else, E307 for one nobody confirmed. The
    same choice again changes nothing.
    """
    if choice.holder.state != "verified":
        raise DomainError("E307", variant="no_answer")
    with db.transaction() as session:
        maintenance.check_open(session)
        application = session.scalar(select(Application).where(Application.receipt_no == receipt_no).with_for_update())
        if application is None or application.applicant_id != person_id:
            return False
        bind_choice(session, application, choice, age)
        return True


def bind_choice(session: Session, application: Application, choice: Choice, age: int | None) -> None:
    """Bind a locked application to this choice; ends with the policy's hot counter row. Raises as ``assign``."""
    document = document_of(session, application)
    _check_in_time(application, document)
    _check_not_ordered(session, application)
    service = _chosen(_offers(session, document, application, age), choice.service_id)
    before = payments.link_of_application(session, application.policy_id, application.id)
    link = payments.create_link(
        session,
        policy_id=application.policy_id,
        application_id=application.id,
        person_id=application.beneficiary_id,
        service=service,
        normalized=choice.normalized,
        holder_masked=choice.holder.holder_masked,
        wallet=payment_wallet(session, application, document, service),
    )
    if before is not None and before.link_id == link.id:
        return
    application.service_id, application.assign_by = service.service_id, None
    person = audit.pseudonym(application.applicant_id)
    note(session, "application.assigned", application, "person", person, service=service.service_id)
    _give_to_grants(session, application, document, link.id, service)


def _give_to_grants(
    session: Session, application: Application, document: PolicyDocument, link_id: UUID, service: ServiceDocument
) -> None:
    """The planned grants go to the new link; the time to change one's mind begins anew."""
    held = application.state != ApplicationState.APPROVED or not _all_passed(session, application)
    book = points.Book(session, application.policy_id)
    for grant in points.planned_grants(session, application.policy_id, application.id):
        order_at = clock.now() + timedelta(hours=document.cooling_off_hours)
        points.assign_grant(
            session,
            grant,
            link_id=link_id,
            service_id=service.service_id,
            provider_id=service.provider_id,
            order_at=None if held else order_at,
        )
        # While a result of an earlier order is disputed, the grant waits until staff have decided; then it falls due.
        disputed = points.is_disputed(session, application.policy_id, grant.id)
        if document.cooling_off_hours == 0 and not held and not disputed:
            points.order_grant(session, book, grant)
    session.flush()
    book.close()


def _all_passed(session: Session, application: Application) -> bool:
    """False while staff look again at an approved application: its order is held (domain.md 5.3)."""
    checks = screening.locked_checks(session, application.policy_id, application.id)
    return screening.standing(checks) is Standing.APPROVED


def _check_in_time(application: Application, document: PolicyDocument) -> None:
    state = ApplicationState(application.state)
    if state is ApplicationState.ASSIGN_EXPIRED or (
        state is ApplicationState.APPROVED and is_over(_deadline(application, document), clock.now())
    ):
        raise DomainError("E405", date=clock.local(_deadline(application, document)).date().isoformat())
    if state not in _ASSIGNABLE:
        raise DomainError("E313")


def _deadline(application: Application, document: PolicyDocument) -> datetime:
    if application.assign_by is not None:
        return application.assign_by
    return assign_deadline(document, application.decided_at or clock.now())


def _check_not_ordered(session: Session, application: Application) -> None:
    grants = points.grants_of(session, application.policy_id, application.id)
    # A rebate may have been granted for one period and fail for the next.
    done = {points.GrantState.PLANNED} | (points.ARRIVED if application.amount == 0 else frozenset())
    if any(grant.state not in done for grant in grants):
        raise DomainError("E313")


def _offers(session: Session, document: PolicyDocument, application: Application, age: int | None) -> list[Offer]:
    known = payments.services_of(session, document.services)
    if application.wallet == Wallet.GUARDIAN:
        age = age_for_service(session, application, None)
    # Who may choose after the policy's day (an order failed, a decision came late) chooses as on that day.
    moment = min(clock.now(), document.window.assign_by)
    return payments.offers(document, known, moment, application.amount or None, age, later_choice=True)


def _chosen(offers: list[Offer], service_id: str) -> ServiceDocument:
    for offer in offers:
        if offer.service.service_id == service_id:
            if offer.closed is not None:
                raise offer.closed
            return offer.service
    raise LookupError("not a service of this policy")
