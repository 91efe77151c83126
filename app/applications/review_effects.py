"""What a decision does to the application, the ledger and the grant: always in the transaction of the decision."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import audit, clock, payments, points, policies, screening
from app.applications.approval import commit_and_plan, reserve, take_back
from app.applications.childs_amount import check_is_settled, settle_amount
from app.applications.happenings import tell_changed
from app.applications.models import Application
from app.applications.states import Action, ApplicationState, MoveRefused, move
from app.payments import LinkState
from app.policies import CheckKind, PolicyDocument
from app.screening import Check, CheckAction, CheckState, ReviewRefused, Standing

Effect = Callable[[], None]
"""What must come last in a transaction: the guarded update of the policy's hot counter row."""


def locked_application(session: Session, policy_id: str, application_id: UUID) -> Application:
    """The application, locked until the transaction ends; ``LookupError`` when there is none."""
    row = session.scalar(
        select(Application)
        .where(Application.policy_id == policy_id, Application.id == application_id)
        .with_for_update()
    )
    if row is None:
        raise LookupError("no such application")
    return row


def document_of(session: Session, application: Application) -> PolicyDocument:
    """The version that the application is judged by."""
    return policies.document_of(session, application.policy_id, application.policy_version)


def settle(session: Session, application: Application, checks: dict[CheckKind, Check], actor_kind: str) -> Effect:
    """When the last check has passed, approve; or let a held order go on. Returns what closes the books.

    A refusal is not settled here: it needs two people and a letter (``review``).
    """
    if screening.standing(checks) is not Standing.APPROVED:
        return _nothing
    if application.state == ApplicationState.SCREENING:
        return approve(session, application, Action.APPROVE, actor_kind)
    if application.state == ApplicationState.APPROVED:
        _resume_orders(session, application)
    return _nothing


def approve(session: Session, application: Application, action: Action, actor_kind: str) -> Effect:
    """Commit the amount and plan the grant; with no cooling-off time the order goes out with it.

    After an objection (``OVERTURN``) seat and amount are reserved anew: E209 when there is none, then the approver adds
    budget first. Nobody who is reported dead is approved (BR-30), and no amount of which only the most is known
    (BR-29).
    """
    if screening.stated_about(session, application.beneficiary_id).deceased_on is not None:
        raise ReviewRefused("deceased")
    allowed = move(ApplicationState(application.state), action, actor_kind)
    document, now = document_of(session, application), clock.now()
    book = points.Book(session, application.policy_id)
    check_is_settled(settle_amount(session, book, application, document))
    application.state, application.decided_at = allowed.target, now
    anew = allowed.effect == "reserve+commit"
    if anew:
        reserve(session, book, application, document)
    link = payments.link_of_application(session, application.policy_id, application.id)
    commit_and_plan(
        session,
        book,
        application,
        document,
        link_id=link.link_id if link else None,
        service=payments.get_service(session, link.service_id) if link else None,
        order_now=link is not None and link.state is LinkState.VERIFIED,
    )
    note(session, "application.approved", application, actor_kind)
    session.flush()
    # A refusal that is overturned was wrong from the start: the person does not queue behind those who came later.
    return lambda: book.close(seats=1 if anew else 0, passing_queue=anew)


def release(session: Session, application: Application, event: points.LedgerEvent) -> Effect:
    """Give seat and amount back."""
    book = points.Book(session, application.policy_id)
    take_back(session, book, application, event)
    session.flush()
    return lambda: book.close(seats=-1)


def drop_link(session: Session, application: Application) -> None:
    """The service ID is free for others; nothing when an order fixed it or there is none."""
    link = payments.link_of_application(session, application.policy_id, application.id)
    if link is not None and link.state is not LinkState.LOCKED:
        payments.remove_link(session, application.policy_id, link.link_id)


def has_no_open_order(session: Session, application: Application) -> bool:
    """True while nothing is ordered or granted; an order that failed may lie behind."""
    grants = points.grants_of(session, application.policy_id, application.id)
    return all(grant.state is points.GrantState.PLANNED for grant in grants)


def back_to_staff(session: Session, application: Application, kind: CheckKind, code: str) -> bool:
    """A check that had passed no longer stands: staff look again, and an order not yet sent is held (domain.md 5.3).

    False when the check had not passed, or the order is out: what was ordered stands.
    """
    checks = screening.locked_checks(session, application.policy_id, application.id)
    check = checks.get(kind)
    if check is None or check.result != CheckState.PASSED or not has_no_open_order(session, application):
        return False
    screening.act(session, check, CheckAction.INVALIDATE, "system")
    check.code, check.facts = code, {"date": (clock.today() + timedelta(days=screening.REVIEW_DAYS)).isoformat()}
    points.hold_grants(session, application.policy_id, application.id)
    note(session, "application.held", application, "system", kind=kind.value)
    return True


def stop_before_the_order(session: Session, application: Application, actor_kind: str) -> Effect | None:
    """Revoke an approved application whose order is not out: the amount goes back to BUDGET (BR-30).

    ``None`` when the order is out: the grant stands.
    """
    if application.state != ApplicationState.APPROVED or not has_no_open_order(session, application):
        return None
    allowed = move(ApplicationState.APPROVED, Action.REVOKE, actor_kind)
    points.hold_grants(session, application.policy_id, application.id)
    drop_link(session, application)
    application.state = allowed.target
    note(session, "application.revoked", application, actor_kind)
    return release(session, application, points.LedgerEvent.UNCOMMIT)


def note(
    session: Session,
    action: str,
    application: Application,
    actor_kind: str,
    actor: str | None = None,
    **facts: str | int | bool | None,
) -> None:
    """One audit event about an application, told to higher floors as well."""
    audit.record(
        session,
        action,
        actor_kind=actor_kind,
        actor=actor,
        policy_id=application.policy_id,
        object_kind="application",
        object_id=str(application.id),
        facts=facts,
    )
    tell_changed(session, application, action)


def move_application(application: Application, action: Action, actor_kind: str) -> None:
    """One move of the table; ``ReviewRefused`` for staff who come too late."""
    try:
        application.state = move(ApplicationState(application.state), action, actor_kind).target
    except MoveRefused:
        raise ReviewRefused("not_in_review") from None


def _resume_orders(session: Session, application: Application) -> None:
    hours = document_of(session, application).cooling_off_hours
    for grant in points.planned_grants(session, application.policy_id, application.id):
        if grant.link_id is not None and grant.order_at is None:
            grant.order_at = clock.now() + timedelta(hours=hours)
    session.flush()


def _nothing() -> None:
    """No money moves."""
