"""Orders on a line that fails, is held or busy: they wait unsent, lose nothing, and go out once when it opens."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from app import clock, db, payments, points
from app.payments import gateways
from app.payments.gateways import LineLimits
from app.payments.lines import FAILURES_BEFORE_CLOSING
from app.points import OrderState
from app.points.tasks import inquire_open_orders
from tests.payments.test_lines import RealTime, real_time  # noqa: F401  # a fixture
from tests.points.conftest import POLICY, Approved, approve, books_are_right, counters, orders_of
from tests.points.fake_provider import FakeProvider, silence


def _accounts(count: int) -> list[str]:
    return [f"{number:013}" for number in range(1, count + 1)]


def _send(approved: Approved) -> None:
    points.send_order(POLICY, orders_of(approved)[-1].id)


def _state(approved: Approved) -> str:
    return orders_of(approved)[-1].state


@pytest.fixture
def provider(real_time: RealTime) -> FakeProvider:  # noqa: F811
    fake = FakeProvider()
    gateways.register("PRV-01", fake)
    return fake


def test_a_provider_that_is_down_is_left_alone_and_what_was_not_sent_waits_unsent(
    policy: str,
    provider: FakeProvider,
    told: list[object],
    real_time: RealTime,  # noqa: F811
) -> None:
    orders = [approve(account, order=True) for account in _accounts(FAILURES_BEFORE_CLOSING + 3)]
    provider.before_doing = silence
    for approved in orders:
        _send(approved)
    states = [_state(approved) for approved in orders]
    assert states == [OrderState.UNKNOWN] * FAILURES_BEFORE_CLOSING + [OrderState.CREATED] * 3
    provider.before_doing = lambda: None
    real_time.pass_by(timedelta(minutes=1))
    for _ in range(3):
        for approved in orders:
            _send(approved)
            with clock.frozen(clock.now() + timedelta(minutes=1)):
                points.inquire_order(POLICY, orders_of(approved)[-1].id)
    for approved in orders:
        _send(approved)
    assert {_state(approved) for approved in orders} == {OrderState.SUCCEEDED}
    assert len(provider.book) == len(orders)
    assert len({done.account for done in provider.book}) == len(orders)
    assert counters().ordered == 0
    assert books_are_right()


def test_a_waiting_order_has_a_job_for_later_and_is_found_again_without_it(
    policy: str,
    provider: FakeProvider,
    real_time: RealTime,  # noqa: F811
) -> None:
    approved = approve(order=True)
    payments.hold_line("PRV-01", "test")
    _send(approved)
    (order,) = orders_of(approved)
    assert (order.state, order.sent_at) == (OrderState.CREATED, None)
    assert provider.received == []
    with db.reading() as session:
        later = session.execute(
            text("SELECT count(*) FROM procrastinate_jobs WHERE scheduled_at IS NOT NULL")
        ).scalar_one()
    assert later == 1
    assert order.inquire_after is not None
    with clock.frozen(order.inquire_after), db.transaction() as session:
        assert points.due.claim_due_orders(session) == [(POLICY, order.id, OrderState.CREATED)]


def test_a_hold_does_not_stop_inquiries(policy: str, provider: FakeProvider, told: list[object]) -> None:
    approved = approve(order=True)
    provider.after_doing = silence
    _send(approved)
    payments.hold_line("PRV-01", "test")
    with clock.frozen(clock.now() + timedelta(minutes=1)):
        points.inquire_order(POLICY, orders_of(approved)[-1].id)
    assert _state(approved) == OrderState.SUCCEEDED


def test_an_agreed_rate_is_kept_and_every_order_gets_through(
    policy: str,
    provider: FakeProvider,
    told: list[object],
    real_time: RealTime,  # noqa: F811
) -> None:
    gateways.register("PRV-01", provider, LineLimits(calls_per_second=2))
    orders = [approve(account, order=True) for account in _accounts(6)]
    done = []
    for _ in range(3):
        for approved in orders:
            _send(approved)
        done.append(len(provider.book))
        real_time.pass_by(timedelta(seconds=1))
    assert done == [2, 4, 6]
    assert books_are_right()


def test_an_inquiry_on_a_busy_line_comes_again_and_its_order_becomes_unknown(
    policy: str,
    provider: FakeProvider,
    told: list[object],
) -> None:
    approved = approve(order=True)
    with db.transaction() as session:
        session.execute(text("UPDATE grant_orders SET state = 'sent', sent_at = :now"), {"now": clock.now()})
    gateways.register("PRV-01", provider, LineLimits(max_concurrent=1))
    with db.transaction() as session:
        payments.take_line(session, "PRV-01", new_order=True)
    with clock.frozen(clock.now() + timedelta(minutes=1)):
        points.inquire_order(POLICY, orders_of(approved)[-1].id)
        (order,) = orders_of(approved)
        assert order.state == OrderState.UNKNOWN
        assert order.inquire_after is not None
        assert clock.now() < order.inquire_after < clock.now() + timedelta(seconds=5)
        assert order.inquiries == 0


def test_an_order_due_in_the_services_maintenance_goes_out_after_it(
    policy: str, provider: FakeProvider, told: list[object]
) -> None:
    second_monday = datetime.fromisoformat("2026-12-14T02:00:00+09:00")
    with clock.frozen(second_monday):
        approved = approve(order=True)
        _send(approved)
        (order,) = orders_of(approved)
        assert (order.state, provider.received) == (OrderState.CREATED, [])
        assert order.inquire_after is not None
        assert order.inquire_after >= second_monday + timedelta(hours=3)
    with clock.frozen(second_monday + timedelta(hours=3)):
        _send(approved)
    assert _state(approved) == OrderState.SUCCEEDED
    assert len(provider.book) == 1


def test_an_order_that_waits_for_its_line_never_gathers_jobs(
    policy: str,
    provider: FakeProvider,
    told: list[object],
    real_time: RealTime,  # noqa: F811
) -> None:
    approved = approve(order=True)
    payments.hold_line("PRV-01", "test")
    for minutes in range(0, 60, 10):
        _send(approved)
        with clock.frozen(clock.now() + timedelta(minutes=minutes)):
            inquire_open_orders(timestamp=0)
    assert provider.received == []
    with db.reading() as session:
        waiting = session.execute(
            text("SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo' AND task_name LIKE 'points.%'")
        ).scalar_one()
    assert waiting <= 3, "the first one, one for later, one of the round"
    payments.resume_line("PRV-01")
    _send(approved)
    assert len(provider.book) == 1
