"""Plans grants and turns a planned grant into an order, in the caller's transaction."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, inspect, select
from sqlalchemy.orm import Session

from app import audit, clock, db, payments
from app.payments import gateways
from app.points.accounts import LedgerEvent
from app.points.inquiry_plan import RESEND_AFTER
from app.points.ledger import Book
from app.points.models import Grant, GrantOrder
from app.points.quarantine import is_disputed
from app.points.states import GrantEvent, GrantState, OrderState, grant_after


class GrantDisputed(Exception):
    """A result of this grant was put aside and waits for a decision; no further order may go out meanwhile."""


def plan_grant(
    session: Session,
    *,
    policy_id: str,
    application_id: UUID,
    person_id: UUID,
    link_id: UUID | None,
    service_id: str | None,
    provider_id: str | None,
    amount: int,
    order_at: datetime | None,
    benefit_no: int = 1,
) -> Grant:
    """Note that these points are to be ordered at ``order_at`` (approval and cooling-off).

    Without a link (service chosen later) there is no ``order_at`` either, until ``assign_grant``.
    """
    grant = Grant(
        policy_id=policy_id,
        id=db.new_id(),
        application_id=application_id,
        person_id=person_id,
        benefit_no=benefit_no,
        amount=amount,
        state=GrantState.PLANNED,
        link_id=link_id,
        service_id=service_id,
        provider_id=provider_id,
        order_at=order_at,
        planned_at=clock.now(),
    )
    session.add(grant)  # written when the book is closed: often it is ordered before, and is one row written once
    return grant


def assign_grant(
    session: Session,
    grant: Grant,
    *,
    link_id: UUID,
    service_id: str,
    provider_id: str | None,
    order_at: datetime | None,
) -> None:
    """Give a planned grant its payment link, at first or after a failed order. ``IllegalMove`` once ordered.

    Without ``order_at`` the grant stays held: staff look at the application again.
    """
    grant_after(GrantState(grant.state), GrantEvent.ORDER)
    grant.link_id, grant.service_id, grant.provider_id = link_id, service_id, provider_id
    grant.order_at = order_at
    session.flush()


def pass_grants(session: Session, policy_id: str, application_id: UUID, person_id: UUID) -> None:
    """The planned grants of an application are this person's, whose paper it was."""
    for grant in planned_grants(session, policy_id, application_id):
        grant.person_id = person_id
    session.flush()


def detach_grants(session: Session, policy_id: str, application_id: UUID) -> list[Grant]:
    """The planned grants lose their payment link, and with it their time: the person chooses anew. Returns them."""
    grants = planned_grants(session, policy_id, application_id)
    for grant in grants:
        grant.link_id = grant.service_id = grant.provider_id = grant.order_at = None
    session.flush()
    return grants


def planned_grants(session: Session, policy_id: str, application_id: UUID) -> list[Grant]:
    """The grants of an application that have no live order, locked until the transaction ends."""
    return list(
        session.scalars(
            select(Grant)
            .where(
                Grant.policy_id == policy_id,
                Grant.application_id == application_id,
                Grant.state == GrantState.PLANNED,
            )
            .order_by(Grant.benefit_no)
            .with_for_update()
        )
    )


def hold_grants(session: Session, policy_id: str, application_id: UUID) -> int:
    """Keep planned grants from being ordered (withdrawn, or back to staff); returns how many points are held."""
    grants = planned_grants(session, policy_id, application_id)
    for grant in grants:
        grant.order_at = None
    session.flush()
    return sum(grant.amount for grant in grants)


def order_grant(session: Session, book: Book, grant: Grant, *, link_is_locked: bool = False) -> None:
    """Order a planned grant: fixes the link, posts ``order`` into the book, and defers the sending with it.

    The caller closes the book last; that writes the order. ``link_is_locked`` for a link that was bound as fixed.
    ``IllegalMove`` when the grant is ordered already or its link is not verified; ``GrantDisputed`` while a result of
    an earlier order waits for a decision, because the benefit may have been sent.
    """
    # Imported here because the tasks import this module.
    from app.points.tasks import send_grant_order

    if grant.link_id is None or grant.service_id is None:
        raise ValueError("the grant has no payment link")
    is_new = inspect(grant).pending
    grant.state = grant_after(GrantState(grant.state), GrantEvent.ORDER)
    if not link_is_locked:
        payments.lock_link(session, grant.policy_id, grant.link_id)
    now = clock.now()
    earlier = 0 if is_new else _attempts(session, grant)
    if earlier and is_disputed(session, grant.policy_id, grant.id):
        raise GrantDisputed(str(grant.id))
    order_id, attempt = db.new_id(), earlier + 1
    # Paper and the like is handed over at a counter, and the next file takes along what goes by file: nobody is
    # asked, so nothing falls due.
    is_sent = grant.provider_id is not None and gateways.file_encoding_of(grant.provider_id) is None
    book.add_order(
        {
            "policy_id": grant.policy_id,
            "id": order_id,
            "grant_id": grant.id,
            "attempt": attempt,
            "amount": grant.amount,
            "link_id": grant.link_id,
            "service_id": grant.service_id,
            "provider_id": grant.provider_id,
            "state": OrderState.CREATED,
            "created_at": now,
            "inquire_after": now + RESEND_AFTER if is_sent else None,
            "inquiries": 0,
        }
    )
    book.post(
        LedgerEvent.ORDER,
        grant.amount,
        application_id=grant.application_id,
        person_id=grant.person_id,
        order_id=order_id,
    )
    audit.record(
        session,
        "grant.ordered",
        actor_kind="system",
        policy_id=grant.policy_id,
        object_kind="grant_order",
        object_id=str(order_id),
        facts={"grant_id": str(grant.id), "attempt": attempt, "amount": grant.amount},
    )
    if is_sent:
        book.defer(send_grant_order, policy_id=grant.policy_id, order_id=str(order_id))


def _attempts(session: Session, grant: Grant) -> int:
    most = select(func.coalesce(func.max(GrantOrder.attempt), 0))
    return session.scalars(most.where(GrantOrder.policy_id == grant.policy_id, GrantOrder.grant_id == grant.id)).one()
