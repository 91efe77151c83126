"""Finds what has fallen due: planned grants to order, open orders to ask about, created orders whose job was lost."""

from __future__ import annotations

from uuid import UUID

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import clock, db
from app.errors import DomainError
from app.points.grants import order_grant
from app.points.inquiry_plan import LEASE, ORDERS_PER_ROUND, UNKNOWN_GAPS
from app.points.ledger import Book
from app.points.models import Grant, GrantOrder
from app.points.permission import may_still_order
from app.points.states import LIVE_ORDER, GrantState, OrderState

log = structlog.get_logger(__name__)
POSTPONE_BY = UNKNOWN_GAPS[-1]


def claim_due_orders(session: Session) -> list[tuple[str, UUID, OrderState]]:
    """The open orders that fell due, each claimed for a while so that no other worker takes it too."""
    orders = session.scalars(
        select(GrantOrder)
        .where(GrantOrder.state.in_(LIVE_ORDER), GrantOrder.inquire_after <= clock.now())
        .order_by(GrantOrder.inquire_after)
        .limit(ORDERS_PER_ROUND)
        .with_for_update(skip_locked=True)
    ).all()
    for order in orders:
        order.inquire_after = clock.now() + LEASE
    return [(order.policy_id, order.id, OrderState(order.state)) for order in orders]


def order_due_grants() -> int:
    """Order the planned grants whose time has come, each in a transaction of its own; returns how many.

    A grant that can't be ordered (policy over, link not verified) is postponed and logged; the others go on.
    """
    with db.reading() as session:
        due = session.execute(
            select(Grant.policy_id, Grant.id)
            .where(Grant.state == GrantState.PLANNED, Grant.order_at <= clock.now())
            .order_by(Grant.order_at)
            .limit(ORDERS_PER_ROUND)
        ).all()
    return sum(_order_one(policy_id, grant_id) for policy_id, grant_id in due)


def _order_one(policy_id: str, grant_id: UUID) -> bool:
    try:
        with db.transaction() as session:
            grant = _due_grant(session, policy_id, grant_id)
            if grant is None:
                return False
            if not may_still_order(session, policy_id):
                raise DomainError("E209")
            book = Book(session, policy_id)
            order_grant(session, book, grant)
            book.close()
            return True
    except Exception as error:  # one grant that can't be booked must not hold up all the others
        log.error("a due grant could not be ordered", grant_id=str(grant_id), error=type(error).__name__)
    with db.transaction() as session:
        grant = _due_grant(session, policy_id, grant_id)
        if grant is not None:
            grant.order_at = clock.now() + POSTPONE_BY
    return False


def _due_grant(session: Session, policy_id: str, grant_id: UUID) -> Grant | None:
    return session.scalar(
        select(Grant)
        .where(
            Grant.policy_id == policy_id,
            Grant.id == grant_id,
            Grant.state == GrantState.PLANNED,
            Grant.order_at <= clock.now(),
        )
        .with_for_update(skip_locked=True)
    )
