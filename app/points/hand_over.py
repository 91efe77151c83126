"""窓口でのお渡し: a benefit that staff hand over themselves, such as paper vouchers (services without a provider).

Nobody is asked about such an order, so staff say what became of it. Their steps are the results that a provider would
report (domain.md 5.10): ready is granted and waits for its receipt action, handed over is received.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import audit, clock, db, payments
from app.my_number import looks_like_my_number
from app.payments.gateways import GatewayAnswer
from app.points.ledger import Books
from app.points.models import Grant, GrantOrder
from app.points.results import ContradictoryResult, Recorded, locked_order, record_answer
from app.points.states import GrantState, OrderEvent, OrderState, order_after

MAX_LISTED = 1_000
_SERIALS = re.compile(r"[0-9A-Z]{1,20}(?:\.\.[0-9A-Z]{1,20})?")


class HandOverStep(StrEnum):
    """What staff say of one benefit."""

    READY = "ready"
    HANDED_OVER = "handed_over"
    NOT_FETCHED = "not_fetched"
    IMPOSSIBLE = "impossible"


class HandOverRefused(Exception):
    """The step does not fit what is recorded; the text says why, in plain words for staff."""


@dataclass(frozen=True)
class ToHandOver:
    """One benefit that staff have to prepare, or that waits to be fetched until ``receive_by``; whole points."""

    policy_id: str
    application_id: UUID
    amount: int
    ordered_at: datetime
    serials: str | None
    receive_by: date | None


_Answer = Literal["succeeded", "received", "not_received", "failed"]
_ANSWERS: dict[HandOverStep, _Answer] = {
    HandOverStep.READY: "succeeded",
    HandOverStep.HANDED_OVER: "received",
    HandOverStep.NOT_FETCHED: "not_received",
    HandOverStep.IMPOSSIBLE: "failed",
}


def to_hand_over(session: Session) -> list[ToHandOver]:
    """What is to be prepared or waits to be fetched, the oldest order first; at most a thousand."""
    rows = session.execute(
        select(GrantOrder, Grant)
        .join(Grant, (Grant.policy_id == GrantOrder.policy_id) & (Grant.id == GrantOrder.grant_id))
        .where(
            GrantOrder.provider_id.is_(None),
            (GrantOrder.state == OrderState.CREATED)
            | ((GrantOrder.state == OrderState.SUCCEEDED) & (Grant.state == GrantState.AWAITING_RECEIPT)),
        )
        .order_by(GrantOrder.created_at, GrantOrder.id)
        .limit(MAX_LISTED)
    )
    return [
        ToHandOver(
            order.policy_id,
            grant.application_id,
            order.amount,
            order.created_at,
            order.transaction_no,
            clock.local(grant.receive_by).date() if grant.receive_by else None,
        )
        for order, grant in rows
    ]


def hand_over(policy_id: str, application_id: UUID, step: HandOverStep, *, by: str, serials: str | None = None) -> bool:
    """Note a step of an application's benefit; False where it is noted already. Audited with who.

    ``serials`` of the vouchers, FIRST..LAST, stand on the order. Raises ``HandOverRefused``; nothing is then changed.
    """
    if not by.strip():
        raise HandOverRefused("say who notes it")
    if serials is not None and (not _SERIALS.fullmatch(serials) or looks_like_my_number(serials)):
        raise HandOverRefused("serials are FIRST or FIRST..LAST, in digits and capital letters, and no 12-digit number")
    with db.transaction() as session:
        order = _newest_order(session, policy_id, application_id)
        if order.provider_id is not None:
            raise HandOverRefused(f"{order.provider_id} carries this out: its results are not entered by hand")
        answer = _answer_of(session, order, step)
        if order.state == OrderState.CREATED and step is not HandOverStep.NOT_FETCHED:
            if step is not HandOverStep.IMPOSSIBLE and serials is None:
                raise HandOverRefused("say the serials of the vouchers")
            order.state, order.sent_at = order_after(OrderState.CREATED, OrderEvent.SEND), clock.now()
        books = Books(session)
        try:
            recorded = record_answer(session, books, order, GatewayAnswer(answer, serials))
        except ContradictoryResult:
            raise HandOverRefused(_why_not(session, order)) from None
        books.close()
        if recorded is Recorded.UNCHANGED:
            return False
        audit.record(
            session,
            "grant.hand_over",
            actor_kind="staff",
            actor=by.strip(),
            policy_id=policy_id,
            object_kind="grant_order",
            object_id=str(order.id),
            facts={"step": str(step), "amount": order.amount},
        )
        return True


def _newest_order(session: Session, policy_id: str, application_id: UUID) -> GrantOrder:
    newest = (
        select(GrantOrder.id)
        .join(Grant, (Grant.policy_id == GrantOrder.policy_id) & (Grant.id == GrantOrder.grant_id))
        .where(GrantOrder.policy_id == policy_id, Grant.application_id == application_id)
        .order_by(GrantOrder.created_at.desc(), GrantOrder.attempt.desc())
        .limit(1)
    )
    order_id = session.scalar(newest)
    if order_id is None:
        raise HandOverRefused("nothing is ordered for this application")
    return locked_order(session, policy_id, order_id)


def _answer_of(session: Session, order: GrantOrder, step: HandOverStep) -> _Answer:
    """Where a service leaves no days for fetching, its benefit is granted when it is handed over."""
    if payments.receive_deadline_days(session, order.service_id) is not None:
        return _ANSWERS[step]
    if step in (HandOverStep.READY, HandOverStep.NOT_FETCHED):
        raise HandOverRefused("this service has no days for fetching: note when it is handed over")
    return "succeeded" if step is HandOverStep.HANDED_OVER else _ANSWERS[step]


def _why_not(session: Session, order: GrantOrder) -> str:
    grant = session.get_one(Grant, (order.policy_id, order.grant_id))
    if grant.state == GrantState.AWAITING_RECEIPT and grant.receive_by is not None:
        until = clock.local(grant.receive_by).date()
        return f"it is noted as ready ({order.transaction_no}) and may be fetched until {until}"
    return f"it is noted as {grant.state}, the order as {order.state}"
