"""When a planned grant is ordered: after its cooling-off time, by one worker, not after the last day."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import text

from app import clock, db, points
from app.points import (
    GrantFailed,
    OrderState,
    order_due_grants,
)
from app.points.due import claim_due_orders
from tests.points.conftest import AMOUNT, POLICY, approve, books_are_right, counters, grant, orders_of
from tests.points.fake_provider import silence
from tests.points.ordering import inquire, newest_order, send


def test_a_grant_is_ordered_when_its_cooling_off_is_over_and_not_before(policy, provider):
    approved = approve()
    with clock.frozen(clock.now() - timedelta(seconds=1)):
        assert order_due_grants() == 0
    assert order_due_grants() == 1
    assert order_due_grants() == 0
    assert len(orders_of(approved)) == 1
    assert books_are_right()


def test_a_held_grant_is_not_ordered(policy, provider):
    approved = approve()
    with db.transaction() as session:
        assert points.hold_grants(session, POLICY, approved.application_id) == AMOUNT
    assert order_due_grants() == 0
    assert orders_of(approved) == []


def test_a_grant_that_cannot_be_ordered_is_postponed_and_does_not_stop_the_others(policy, provider):
    stuck, fine = approve(), approve("0000000000017")
    with db.transaction() as session:
        session.execute(
            text("UPDATE payment_links SET state = 'unreachable' WHERE application_id = :a"),
            {"a": stuck.application_id},
        )
    assert order_due_grants() == 1
    assert orders_of(stuck) == []
    assert grant(stuck).order_at > clock.now()
    assert len(orders_of(fine)) == 1


def test_br_01_after_the_last_day_for_grants_nothing_is_ordered(policy, provider):
    approved = approve()
    with clock.frozen(clock.now().replace(year=2027, month=3, day=31, hour=14, minute=59, second=59)):
        assert points.permission.may_still_order(db.Session(db.engine()), POLICY)
    with clock.frozen(clock.now().replace(year=2027, month=3, day=31, hour=15)):
        assert order_due_grants() == 0
    assert orders_of(approved) == []


def test_after_the_last_day_an_order_never_received_fails_instead_of_starting_over(ordered, provider, told):
    provider.before_doing = silence
    send(ordered)
    inquire(ordered, timedelta(days=365))
    assert [o.state for o in orders_of(ordered)] == [OrderState.FAILED]
    assert told == [GrantFailed(POLICY, ordered.application_id, ordered.grant_id, "not_received")]
    assert counters().committed == AMOUNT
    assert books_are_right()


def test_due_orders_are_claimed_by_one_worker_at_a_time_and_lost_jobs_are_found(ordered, provider):
    order = newest_order(ordered)
    with clock.frozen(clock.now() + timedelta(seconds=59)), db.transaction() as session:
        assert claim_due_orders(session) == []
    with clock.frozen(clock.now() + timedelta(seconds=60)):
        with db.transaction() as first, db.transaction() as second:
            assert claim_due_orders(first) == [(POLICY, order.id, OrderState.CREATED)]
            assert claim_due_orders(second) == []
        with db.transaction() as session:
            assert claim_due_orders(session) == []
