"""States of grants and grant orders and the only moves between them (domain.md 5.10), as data."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class GrantState(StrEnum):
    """Where one benefit of one application stands."""

    PLANNED = "planned"
    ORDERED = "ordered"
    GRANTED = "granted"
    AWAITING_RECEIPT = "awaiting_receipt"
    RECEIVED = "received"
    NOT_RECEIVED = "not_received"
    REVERSAL_REQUESTED = "reversal_requested"
    REVERSED = "reversed"
    PARTLY_REVERSED = "partly_reversed"
    NOT_REVERSIBLE = "not_reversible"


class GrantEvent(StrEnum):
    """What can happen to a grant."""

    ORDER = "order"
    GRANT_OK = "grant_ok"
    GRANT_NG = "grant_ng"
    AWAIT_RECEIPT = "await_receipt"
    RECEIVE = "receive"
    MISS_RECEIPT = "miss_receipt"
    REQUEST_REVERSAL = "request_reversal"
    REVERSE = "reverse"
    REVERSE_PARTLY = "reverse_partly"
    FIND_SPENT = "find_spent"
    CANCEL_REVERSAL = "cancel_reversal"


class OrderState(StrEnum):
    """Where one grant order stands."""

    CREATED = "created"
    SENT = "sent"
    ACCEPTED = "accepted"
    UNKNOWN = "unknown"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class OrderEvent(StrEnum):
    """What can happen to a grant order."""

    SEND = "send"
    ACCEPT = "accept"
    TIME_OUT = "time_out"
    SUCCEED = "succeed"
    FAIL = "fail"


class IllegalMove(Exception):
    """The grant or order is not in a state from which this can happen; names both."""


_G, _GE, _O, _OE = GrantState, GrantEvent, OrderState, OrderEvent

GRANT_MOVES: Mapping[tuple[GrantState, GrantEvent], GrantState] = {
    (_G.PLANNED, _GE.ORDER): _G.ORDERED,
    (_G.ORDERED, _GE.GRANT_OK): _G.GRANTED,
    (_G.ORDERED, _GE.GRANT_NG): _G.PLANNED,
    (_G.GRANTED, _GE.AWAIT_RECEIPT): _G.AWAITING_RECEIPT,
    (_G.AWAITING_RECEIPT, _GE.RECEIVE): _G.RECEIVED,
    (_G.AWAITING_RECEIPT, _GE.MISS_RECEIPT): _G.NOT_RECEIVED,
    (_G.GRANTED, _GE.REQUEST_REVERSAL): _G.REVERSAL_REQUESTED,
    (_G.AWAITING_RECEIPT, _GE.REQUEST_REVERSAL): _G.REVERSAL_REQUESTED,
    (_G.RECEIVED, _GE.REQUEST_REVERSAL): _G.REVERSAL_REQUESTED,
    # An objection was accepted: what had happened to the grant before the case stands again.
    (_G.REVERSAL_REQUESTED, _GE.CANCEL_REVERSAL): _G.GRANTED,
    (_G.REVERSAL_REQUESTED, _GE.REVERSE): _G.REVERSED,
    (_G.REVERSAL_REQUESTED, _GE.REVERSE_PARTLY): _G.PARTLY_REVERSED,
    (_G.REVERSAL_REQUESTED, _GE.FIND_SPENT): _G.NOT_REVERSIBLE,
}

ORDER_MOVES: Mapping[tuple[OrderState, OrderEvent], OrderState] = {
    (_O.CREATED, _OE.SEND): _O.SENT,
    (_O.SENT, _OE.ACCEPT): _O.ACCEPTED,
    (_O.SENT, _OE.TIME_OUT): _O.UNKNOWN,
    # An inquiry may find an order whose answer was lost still in the provider's hands.
    (_O.UNKNOWN, _OE.ACCEPT): _O.ACCEPTED,
    (_O.ACCEPTED, _OE.SUCCEED): _O.SUCCEEDED,
    (_O.ACCEPTED, _OE.FAIL): _O.FAILED,
    (_O.UNKNOWN, _OE.SUCCEED): _O.SUCCEEDED,
    (_O.UNKNOWN, _OE.FAIL): _O.FAILED,
}

ARRIVED = frozenset({_G.GRANTED, _G.AWAITING_RECEIPT, _G.RECEIVED, _G.NOT_RECEIVED})
"""The provider has done its part, and nothing is being taken back."""
LIVE_ORDER = (_O.CREATED, _O.SENT, _O.ACCEPTED, _O.UNKNOWN)
IN_PROVIDERS_HANDS = (_O.SENT, _O.ACCEPTED, _O.UNKNOWN)
FINAL_ORDER = (_O.SUCCEEDED, _O.FAILED)


def grant_after(state: GrantState, event: GrantEvent) -> GrantState:
    """The grant's state after this event; ``IllegalMove`` for every pair that is not listed."""
    try:
        return GRANT_MOVES[state, event]
    except KeyError:
        raise IllegalMove(f"a grant that is {state} can't {event}") from None


def order_after(state: OrderState, event: OrderEvent) -> OrderState:
    """The order's state after this event; ``IllegalMove`` for every pair that is not listed."""
    try:
        return ORDER_MOVES[state, event]
    except KeyError:
        raise IllegalMove(f"a grant order that is {state} can't {event}") from None
