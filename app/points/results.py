"""Records what a provider says about an order: once, idempotent, and never against what is recorded (BR-42, BR-43)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from enum import Enum, auto
from typing import TypeVar
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import audit, clock, db_rows, events, payments
from app.payments.gateways import GatewayAnswer
from app.points.accounts import LedgerEvent
from app.points.happenings import GrantFailed, GrantSucceeded
from app.points.inquiry_plan import ACCEPTED_GAPS, gap
from app.points.ledger import Book, Books
from app.points.models import Grant, GrantOrder
from app.points.receipts import DeadlineDays, await_receipt, is_agreed, record_receipt
from app.points.states import (
    FINAL_ORDER,
    IN_PROVIDERS_HANDS,
    GrantEvent,
    GrantState,
    OrderEvent,
    OrderState,
    grant_after,
    order_after,
)

REASON_UNKNOWN = "unspecified"

_Row = TypeVar("_Row", GrantOrder, Grant)


class Recorded(Enum):
    """What recording an answer did."""

    CHANGED = auto()
    UNCHANGED = auto()


class ResultProblem(Exception):
    """A result that is put aside; ``code`` is of the message list for staff, E7xx (domain.md 3.2)."""

    code = ""


class UnknownOrder(ResultProblem):
    """There is no such order (E701)."""

    code = "E701"


class ContradictoryResult(ResultProblem):
    """The result contradicts the recorded state of the order (E704); nothing was changed."""

    code = "E704"


def record_result(session: Session, policy_id: str, order_id: UUID, answer: GatewayAnswer) -> Recorded:
    """Take one answer into the order, the grant, the ledger and, by event, the application.

    The same answer again, and late news of an order that is already decided, change nothing. Raises ``UnknownOrder``
    or ``ContradictoryResult`` before anything is written; ``take_result`` puts those aside.
    """
    books = Books(session)
    recorded = record_answer(session, books, locked_order(session, policy_id, order_id), answer)
    books.close()
    return recorded


def record_answer(session: Session, books: Books, order: GrantOrder, answer: GatewayAnswer) -> Recorded:
    """The same for a locked order; the caller closes the books."""
    if answer.state in ("received", "not_received"):
        return _record_receipt(session, books, order, answer)
    if is_decided(order, answer):
        return Recorded.UNCHANGED
    if answer.state == "accepted":
        return _accept(order)
    if answer.state == "succeeded":
        record_successes(session, books, [(order, answer)])
    else:
        _answered(order)
        reason = answer.reason or REASON_UNKNOWN
        hand_back(session, fail_order(session, books.of(order.policy_id), order, reason), reason)
    return Recorded.CHANGED


def is_decided(order: GrantOrder, answer: GatewayAnswer) -> bool:
    """Whether the order has its end already, and the answer agrees; ``ContradictoryResult`` where it does not."""
    state = OrderState(order.state)
    if state is OrderState.CREATED or (state in FINAL_ORDER and not _agrees(order, answer)):
        raise ContradictoryResult(str(order.id))
    return state in FINAL_ORDER


def locked_order(session: Session, policy_id: str, order_id: UUID) -> GrantOrder:
    """The order, locked until the transaction ends; raises ``UnknownOrder``."""
    order = locked_orders(session, [(policy_id, order_id)]).get((policy_id, order_id))
    if order is None:
        raise UnknownOrder(str(order_id))
    return order


def locked_orders(session: Session, keys: Collection[tuple[str, UUID]]) -> dict[tuple[str, UUID], GrantOrder]:
    """Those of these orders (policy, id) that there are, locked until the transaction ends."""
    return _locked(session, GrantOrder, keys)


def _locked(session: Session, model: type[_Row], keys: Collection[tuple[str, UUID]]) -> dict[tuple[str, UUID], _Row]:
    """Always in the same order, so that two who lock many never wait for each other."""
    rows = session.scalars(
        select(model)
        .where(
            db_rows.among(model.policy_id, {policy_id for policy_id, _ in keys}),
            db_rows.among(model.id, [row_id for _, row_id in keys]),
        )
        .order_by(model.policy_id, model.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {(row.policy_id, row.id): row for row in rows}


def grant_of(session: Session, order: GrantOrder) -> Grant:
    """The grant of a locked order, locked too."""
    return session.scalars(
        select(Grant)
        .where(Grant.policy_id == order.policy_id, Grant.id == order.grant_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def fail_order(session: Session, book: Book, order: GrantOrder, reason: str) -> Grant:
    """Close an order as failed and bring its points back to COMMITTED; the grant is planned again."""
    grant = grant_of(session, order)
    _move(order, OrderEvent.FAIL)
    order.reason = reason
    grant.state = grant_after(GrantState(grant.state), GrantEvent.GRANT_NG)
    session.flush()
    book.post(
        LedgerEvent.GRANT_NG,
        order.amount,
        application_id=grant.application_id,
        person_id=grant.person_id,
        order_id=order.id,
    )
    _record(session, order, "grant.failed", reason=reason)
    return grant


def hand_back(session: Session, grant: Grant, reason: str) -> None:
    """Let the person choose again (E401) and free the link.

    In this order: who changes a choice locks the application before the link, and so must we.
    """
    assert grant.link_id is not None
    grant.order_at = None
    session.flush()
    events.publish(session, GrantFailed(grant.policy_id, grant.application_id, grant.id, reason))
    payments.release_link(session, grant.policy_id, grant.link_id)


def record_successes(session: Session, books: Books, answered: Sequence[tuple[GrantOrder, GatewayAnswer]]) -> None:
    """Grants that the providers carried out, of locked orders that have no end yet, each of another grant."""
    grants = grants_of_orders(session, [order for order, _ in answered])
    days = DeadlineDays(session)
    happened = []
    for order, answer in answered:
        grant = grants[order.policy_id, order.grant_id]
        _answered(order)
        _move(order, OrderEvent.SUCCEED)
        order.transaction_no = answer.transaction_no
        grant.state = grant_after(GrantState(grant.state), GrantEvent.GRANT_OK)
        grant.granted_at = clock.now()
        await_receipt(session, grant, days)
        books.of(order.policy_id).post(
            LedgerEvent.GRANT_OK,
            order.amount,
            application_id=grant.application_id,
            person_id=grant.person_id,
            order_id=order.id,
        )
        _record(session, order, "grant.succeeded")
        happened.append(GrantSucceeded(order.policy_id, grant.application_id, grant.id, order.amount))
    db_rows.write_changed(session, [order for order, _ in answered], list(grants.values()))
    session.flush()
    events.publish(session, *happened)


def _answered(order: GrantOrder) -> None:
    if order.state == OrderState.SENT:
        _move(order, OrderEvent.ACCEPT)
    order.answered_at, order.inquire_after = clock.now(), None


def grants_of_orders(session: Session, orders: Collection[GrantOrder]) -> dict[tuple[str, UUID], Grant]:
    """The grants of locked orders, locked too."""
    return _locked(session, Grant, [(order.policy_id, order.grant_id) for order in orders])


def _record_receipt(session: Session, books: Books, order: GrantOrder, answer: GatewayAnswer) -> Recorded:
    """What became of the receipt action. Who received was granted, even if that news never came."""
    assert answer.state in ("received", "not_received")
    state = OrderState(order.state)
    if state in IN_PROVIDERS_HANDS and answer.state == "received":
        record_successes(session, books, [(order, GatewayAnswer("succeeded", answer.transaction_no))])
    elif state is not OrderState.SUCCEEDED or answer.transaction_no not in (None, order.transaction_no):
        raise ContradictoryResult(str(order.id))
    grant = grant_of(session, order)
    agreed = is_agreed(grant, answer.state)
    if agreed is False:
        raise ContradictoryResult(str(order.id))
    if agreed:
        return Recorded.UNCHANGED
    record_receipt(session, books, order, grant, answer.state)
    return Recorded.CHANGED


def _accept(order: GrantOrder) -> Recorded:
    if order.state == OrderState.ACCEPTED:
        return Recorded.UNCHANGED
    _move(order, OrderEvent.ACCEPT)
    order.answered_at = clock.now()
    order.inquiries = 0
    order.inquire_after = clock.now() + gap(ACCEPTED_GAPS, 0)
    return Recorded.CHANGED


def _agrees(order: GrantOrder, answer: GatewayAnswer) -> bool:
    if answer.state == "accepted":
        return True  # sent before the decision, arrived after it
    if answer.state != order.state:
        return False
    return answer.state == "failed" or answer.transaction_no in (None, order.transaction_no)


def _move(order: GrantOrder, event: OrderEvent) -> None:
    order.state = order_after(OrderState(order.state), event)


def _record(session: Session, order: GrantOrder, action: str, **facts: str) -> None:
    audit.record(
        session,
        action,
        actor_kind="provider" if order.provider_id else "staff",
        actor=order.provider_id,
        policy_id=order.policy_id,
        object_kind="grant_order",
        object_id=str(order.id),
        facts={"grant_id": str(order.grant_id), "attempt": order.attempt, "amount": order.amount, **facts},
    )
