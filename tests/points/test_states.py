"""Grants and grant orders move only as domain.md 5.10 lists, and points only as 5.5 does."""

from __future__ import annotations

import pytest

from app.points.accounts import FLOWS, Account, LedgerEvent
from app.points.states import (
    FINAL_ORDER,
    GRANT_MOVES,
    LIVE_ORDER,
    ORDER_MOVES,
    GrantEvent,
    GrantState,
    IllegalMove,
    OrderEvent,
    OrderState,
    grant_after,
    order_after,
)


@pytest.mark.parametrize("state", GrantState)
@pytest.mark.parametrize("event", GrantEvent)
def test_a_grant_makes_only_the_listed_moves(state, event):
    if (state, event) in GRANT_MOVES:
        assert grant_after(state, event) is GRANT_MOVES[state, event]
    else:
        with pytest.raises(IllegalMove):
            grant_after(state, event)


@pytest.mark.parametrize("state", OrderState)
@pytest.mark.parametrize("event", OrderEvent)
def test_a_grant_order_makes_only_the_listed_moves(state, event):
    if (state, event) in ORDER_MOVES:
        assert order_after(state, event) is ORDER_MOVES[state, event]
    else:
        with pytest.raises(IllegalMove):
            order_after(state, event)


def test_no_order_is_sent_twice_and_no_final_one_moves():
    assert [state for state, event in ORDER_MOVES if event is OrderEvent.SEND] == [OrderState.CREATED]
    assert {state for state, _ in ORDER_MOVES}.isdisjoint(FINAL_ORDER)
    assert set(LIVE_ORDER) | set(FINAL_ORDER) == set(OrderState)


def test_every_ledger_event_has_one_flow_between_two_different_accounts():
    assert set(FLOWS) == set(LedgerEvent)
    assert all(source is not target for source, target in FLOWS.values())
    assert {a for flow in FLOWS.values() for a in flow} == set(Account)


@pytest.mark.parametrize(
    ("event", "source", "target"),
    [
        ("fund", "FUNDING", "BUDGET"),
        ("reserve", "BUDGET", "RESERVED"),
        ("release", "RESERVED", "BUDGET"),
        ("commit", "RESERVED", "COMMITTED"),
        ("uncommit", "COMMITTED", "BUDGET"),
        ("expire", "COMMITTED", "EXPIRED"),
        ("recycle", "EXPIRED", "BUDGET"),
        ("order", "COMMITTED", "ORDERED"),
        ("grant_ok", "ORDERED", "GRANTED"),
        ("grant_ng", "ORDERED", "COMMITTED"),
        ("not_received", "GRANTED", "EXPIRED"),
        ("clawback_open", "GRANTED", "RETURN_DUE"),
        ("write_off", "RETURN_DUE", "WRITTEN_OFF"),
    ],
)
def test_points_flow_as_the_table_of_the_domain_says(event, source, target):
    assert FLOWS[LedgerEvent(event)] == (Account(source), Account(target))
