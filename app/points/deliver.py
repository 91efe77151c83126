"""Carries orders to providers: sends once, asks when in doubt, and never sends again what might have been done.

The gateway is called outside any transaction, between one that says "sent" and one that records the answer. Whatever
dies in between leaves a sent order, which is asked about under its id (BR-42).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from app import audit, clock, db, jobs, payments
from app.payments import gateways
from app.payments.gateways import (
    Closed,
    Gateway,
    GatewayAnswer,
    GatewayError,
    GatewayUnavailable,
    GrantInstruction,
    NotReceived,
)
from app.points.grants import order_grant
from app.points.inquiry_plan import ACCEPTED_GAPS, ANSWER_WITHIN, LEASE, MAX_ATTEMPTS, RESEND_AFTER, UNKNOWN_GAPS, gap
from app.points.ledger import Book
from app.points.models import GrantOrder
from app.points.permission import may_still_order
from app.points.problems import Source
from app.points.quarantine import Reported, is_disputed
from app.points.results import fail_order, hand_back, locked_order
from app.points.states import IN_PROVIDERS_HANDS, OrderEvent, OrderState, order_after
from app.points.take_result import Taken, take_result

log = structlog.get_logger(__name__)
NOT_RECEIVED = "not_received"
Answer = TypeVar("Answer")


def send_order(policy_id: str, order_id: UUID) -> None:
    """Send a created order to its provider and record the answer; does nothing for an order that was sent before.

    While the provider's line is busy or its service in maintenance the order stays created and comes again later. No
    answer makes the order ``unknown``. An answer that contradicts the record is put aside for staff. Raises what is
    unforeseen; the order is then found and asked about by ``inquire_order``.
    """
    try:
        prepared = _mark_sent(policy_id, order_id)
    except payments.LineBusy as busy:
        log.info("a grant order waits for its line", order_id=str(order_id), why=str(busy.why))
        _send_later(policy_id, order_id, busy.wait)
        return
    if prepared is None:
        return
    gateway, permit, instruction = prepared
    try:
        answer = _call(permit, lambda: gateway.send(instruction))
    except GatewayError as error:
        log.warning("no answer to a grant order", order_id=str(order_id), error=type(error).__name__)
        with db.transaction() as session:
            _note_silence(locked_order(session, policy_id, order_id))
        return
    with db.transaction() as session:
        take_result(session, Reported(permit.provider_id, policy_id, order_id, answer, Source.ANSWER))


def inquire_order(policy_id: str, order_id: UUID) -> None:
    """Ask the provider about a sent order and record what it says.

    An order that was never received is ruled out at the provider first, and only then ordered anew (BR-42): so a
    message that was merely late can't become a second grant.
    """
    try:
        asked = _begin_inquiry(policy_id, order_id)
    except payments.LineBusy as busy:
        _ask_later(policy_id, order_id, busy.wait)
        return
    if asked is None:
        return
    gateway, permit, was_accepted = asked
    try:
        answer = _call(permit, lambda: _ask(gateway, order_id, may_rule_out=not was_accepted))
    except GatewayError as error:
        log.warning("no answer to an inquiry", order_id=str(order_id), error=type(error).__name__)
        _postpone(policy_id, order_id)
        return
    if isinstance(answer, NotReceived):
        _alarm_lost_order(policy_id, order_id)
        return
    with db.transaction() as session:
        if isinstance(answer, Closed) and not was_accepted:
            _start_over(session, policy_id, order_id)
            return
        if isinstance(answer, Closed):  # the provider accepted it and gave it up: the person chooses again
            answer = GatewayAnswer("failed", reason="closed")
        taken = take_result(session, Reported(permit.provider_id, policy_id, order_id, answer, Source.INQUIRY))
    if taken is not Taken.RECORDED:
        _postpone(policy_id, order_id)


def _ask(gateway: Gateway, order_id: UUID, *, may_rule_out: bool) -> GatewayAnswer | NotReceived | Closed:
    answer = gateway.inquire(order_id)
    return gateway.close(order_id) if isinstance(answer, NotReceived) and may_rule_out else answer


def _call(permit: payments.Permit, ask: Callable[[], Answer]) -> Answer:
    """One call on the provider's line; silence counts against the line, whatever else happens gives it back."""
    answered = True
    try:
        return ask()
    except GatewayError:
        answered = False
        raise
    finally:
        payments.give_back(permit, answered=answered)


def _gateway_of(provider_id: str) -> Gateway:
    """The way to the provider; one that has no address here makes its orders wait, like a line that is closed."""
    try:
        return gateways.for_provider(provider_id)
    except GatewayUnavailable:
        raise payments.LineBusy(payments.WhyBusy.CLOSED, payments.PAUSES[-1]) from None


def _check_not_in_maintenance(session: Session, service_id: str) -> None:
    service = payments.get_service(session, service_id)
    until = payments.maintenance_end(service.maintenance, clock.now()) if service else None
    if until is not None:
        raise payments.LineBusy(payments.WhyBusy.MAINTENANCE, until - clock.now())


def _mark_sent(policy_id: str, order_id: UUID) -> tuple[Gateway, payments.Permit, GrantInstruction] | None:
    with db.transaction() as session:
        order = locked_order(session, policy_id, order_id)
        if order.state != OrderState.CREATED or order.provider_id is None:
            return None
        if gateways.file_encoding_of(order.provider_id) is not None:
            order.inquire_after = None  # the next file takes it along
            return None
        gateway = _gateway_of(order.provider_id)
        _check_not_in_maintenance(session, order.service_id)
        order.state = order_after(OrderState.CREATED, OrderEvent.SEND)
        order.sent_at = clock.now()
        order.inquire_after = clock.now() + ANSWER_WITHIN
        link = payments.get_link(session, policy_id, order.link_id)
        account = payments.account_of(session, link)
        instruction = GrantInstruction(order.id, order.service_id, account, order.amount, policy_id)
        session.flush()
        return gateway, payments.take_line(session, order.provider_id, new_order=True), instruction


def _begin_inquiry(policy_id: str, order_id: UUID) -> tuple[Gateway, payments.Permit, bool] | None:
    with db.transaction() as session:
        order = locked_order(session, policy_id, order_id)
        if order.state not in IN_PROVIDERS_HANDS or order.provider_id is None or order.file_no is not None:
            return None
        if order.state == OrderState.SENT:
            assert order.sent_at is not None
            if clock.now() < order.sent_at + ANSWER_WITHIN:
                return None  # its worker may still be waiting for the answer
            _note_silence(order)
        order.inquire_after = clock.now() + LEASE
        gateway = _gateway_of(order.provider_id)
        was_accepted = order.state == OrderState.ACCEPTED
        session.flush()
        return gateway, payments.take_line(session, order.provider_id, new_order=False), was_accepted


def _send_later(policy_id: str, order_id: UUID, wait: timedelta) -> None:
    """The order stays created. Its job comes again when the line may be free; should that be lost, the next round."""
    # Imported here because the tasks import this module.
    from app.points.tasks import send_grant_order

    wait = payments.jittered(wait)
    with db.transaction() as session:
        order = locked_order(session, policy_id, order_id)
        if order.state != OrderState.CREATED:
            return
        order.inquire_after = clock.now() + wait + RESEND_AFTER
        # Once: a line that stays busy must not have ever more jobs waiting for it, each of which would queue another.
        once = f"send later {order_id}"
        jobs.defer_once(
            session, send_grant_order, queueing_lock=once, wait=wait, policy_id=policy_id, order_id=str(order_id)
        )


def _ask_later(policy_id: str, order_id: UUID, wait: timedelta) -> None:
    with db.transaction() as session:
        order = locked_order(session, policy_id, order_id)
        if order.state == OrderState.SENT:
            _note_silence(order)
        if order.state in IN_PROVIDERS_HANDS:
            order.inquire_after = clock.now() + payments.jittered(wait)


def _note_silence(order: GrantOrder) -> None:
    """The order may or may not have been done. A call-back may have been faster: then there is nothing to note."""
    if order.state == OrderState.SENT:
        order.state = order_after(OrderState.SENT, OrderEvent.TIME_OUT)
        order.inquire_after = clock.now() + gap(UNKNOWN_GAPS, 0)


def _postpone(policy_id: str, order_id: UUID) -> None:
    with db.transaction() as session:
        order = locked_order(session, policy_id, order_id)
        if order.state not in IN_PROVIDERS_HANDS:
            return
        order.inquiries += 1
        gaps = ACCEPTED_GAPS if order.state == OrderState.ACCEPTED else UNKNOWN_GAPS
        order.inquire_after = clock.now() + gap(gaps, order.inquiries)


def _start_over(session: Session, policy_id: str, order_id: UUID) -> None:
    """The provider will never carry this order out: another attempt takes its place, if the policy still allows it."""
    order = locked_order(session, policy_id, order_id)
    if order.state != OrderState.UNKNOWN:
        return
    order.answered_at, order.inquire_after = clock.now(), None
    book = Book(session, policy_id)
    grant = fail_order(session, book, order, NOT_RECEIVED)
    disputed = is_disputed(session, policy_id, order.grant_id)
    if order.attempt < MAX_ATTEMPTS and may_still_order(session, policy_id) and not disputed:
        order_grant(session, book, grant)
    else:
        hand_back(session, grant, NOT_RECEIVED)
    book.close()


def _alarm_lost_order(policy_id: str, order_id: UUID) -> None:
    """The provider accepted the order and now denies it. It may have been done, so nothing is repeated: staff act."""
    log.error("provider lost an accepted order", order_id=str(order_id))
    with db.transaction() as session:
        order = locked_order(session, policy_id, order_id)
        audit.record(
            session,
            "grant.lost_by_provider",
            actor_kind="provider",
            actor=order.provider_id,
            policy_id=policy_id,
            object_kind="grant_order",
            object_id=str(order_id),
        )
    _postpone(policy_id, order_id)
