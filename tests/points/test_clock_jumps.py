"""The clock jumps, forward and back: nothing is sent twice, nothing that is over begins again (promise 2)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app import clock, db, payments
from app.payments.gateways import GatewayAnswer
from app.points import OrderState, inquire_order, order_due_grants, record_result, send_order
from app.points.due import claim_due_orders
from tests.conftest import FIXTURE_TIME
from tests.points.conftest import POLICY, Approved, approve, books_are_right, grant, orders_of
from tests.points.fake_provider import FakeProvider, silence

pytestmark = pytest.mark.usefixtures("told")
JUMPS = [timedelta(days=400), timedelta(days=-400), timedelta(minutes=-1), timedelta(hours=3)]


@pytest.fixture
def approved(policy: str) -> Approved:
    return approve()


def everything_that_falls_due(approved: Approved) -> None:
    """What the worker does at one moment, each thing twice."""
    for _ in range(2):
        order_due_grants()
        with db.transaction() as session:
            due = claim_due_orders(session)
        for policy_id, order_id, state in due:
            act = send_order if state is OrderState.CREATED else inquire_order
            act(policy_id, order_id)
        for order in orders_of(approved):
            send_order(POLICY, order.id)


@pytest.mark.parametrize("first", JUMPS)
@pytest.mark.parametrize("then", JUMPS)
def test_clock_jumps_never_send_an_order_twice(
    approved: Approved, provider: FakeProvider, first: timedelta, then: timedelta
) -> None:
    provider.after_doing = silence
    order_due_grants()
    (order,) = orders_of(approved)
    send_order(POLICY, order.id)
    for jump in (first, then, timedelta(0), timedelta(minutes=5)):
        with clock.frozen(FIXTURE_TIME + jump):
            everything_that_falls_due(approved)
    (order,) = orders_of(approved)
    assert order.state == OrderState.SUCCEEDED
    assert (len(provider.book), provider.received) == (1, [order.id])
    assert books_are_right()


def test_a_clock_that_jumps_back_sends_no_order_before_its_cooling_off_is_over(
    policy: str, provider: FakeProvider
) -> None:
    with clock.frozen(FIXTURE_TIME + timedelta(days=1)):
        waiting = approve()
    assert order_due_grants() == 0
    assert orders_of(waiting) == []
    with clock.frozen(FIXTURE_TIME + timedelta(days=1)):
        assert order_due_grants() == 1
        assert order_due_grants() == 0
    assert order_due_grants() == 0
    assert len(orders_of(waiting)) == 1


@pytest.mark.parametrize("jump", JUMPS)
def test_clock_jumps_never_reopen_what_is_decided(approved: Approved, provider: FakeProvider, jump: timedelta) -> None:
    order_due_grants()
    (order,) = orders_of(approved)
    send_order(POLICY, order.id)
    granted_at = grant(approved).granted_at
    with clock.frozen(FIXTURE_TIME + jump):
        everything_that_falls_due(approved)
        with db.transaction() as session:
            record_result(session, POLICY, order.id, GatewayAnswer("succeeded", order.transaction_no or "T-1", None))
    assert grant(approved).granted_at == granted_at
    assert len(orders_of(approved)) == len(provider.book) == 1
    assert books_are_right()


@pytest.mark.parametrize("jump", JUMPS)
def test_clock_jumps_neither_open_nor_flood_a_line_that_rests(
    approved: Approved, provider: FakeProvider, jump: timedelta
) -> None:
    payments.hold_line("PRV-01", "試験")
    order_due_grants()
    with clock.frozen(FIXTURE_TIME + jump):
        everything_that_falls_due(approved)
    assert provider.received == []
