"""窓口セッション: one person's visit at a counter as a table (domain.md 5.8). ``locked`` is a terminal without a visit.

Two rows stand beside those of the rule book: a visit that ends before a card was laid down, and one whose application
the service refused at the second tap. Both end as every other: wiped, nothing saved.
"""

from __future__ import annotations

from enum import StrEnum


class CounterState(StrEnum):
    """Where a visit stands; ``wiped`` is final and holds nothing of the person."""

    LOCKED = "locked"
    STAFF_IN = "staff_in"
    CARD_BOUND = "card_bound"
    EDITING = "editing"
    READ_BACK = "read_back"
    SECOND_TAP_OK = "second_tap_ok"
    DONE = "done"
    WIPED = "wiped"


class CounterEvent(StrEnum):
    """What can happen to a visit."""

    CALL_NEXT = "call_next"
    TAP = "tap"
    PIN_OK = "pin_ok"
    COMPLETE = "complete"
    CHANGE = "change"
    SECOND_TAP = "second_tap"
    SAVE = "save"
    WIPE = "wipe"


_S, _E = CounterState, CounterEvent
TRANSITIONS: dict[tuple[CounterState, CounterEvent], CounterState] = {
    (_S.LOCKED, _E.CALL_NEXT): _S.STAFF_IN,
    (_S.STAFF_IN, _E.TAP): _S.CARD_BOUND,
    (_S.CARD_BOUND, _E.PIN_OK): _S.EDITING,
    (_S.EDITING, _E.COMPLETE): _S.READ_BACK,
    (_S.READ_BACK, _E.CHANGE): _S.EDITING,
    (_S.READ_BACK, _E.SECOND_TAP): _S.SECOND_TAP_OK,
    (_S.SECOND_TAP_OK, _E.SAVE): _S.DONE,
    (_S.STAFF_IN, _E.WIPE): _S.WIPED,
    (_S.CARD_BOUND, _E.WIPE): _S.WIPED,
    (_S.EDITING, _E.WIPE): _S.WIPED,
    (_S.READ_BACK, _E.WIPE): _S.WIPED,
    (_S.SECOND_TAP_OK, _E.WIPE): _S.WIPED,
    (_S.DONE, _E.WIPE): _S.WIPED,
}


class CounterMoveRefused(Exception):
    """This is not possible while the visit stands where it does; nothing has changed."""

    def __init__(self, state: CounterState, event: CounterEvent) -> None:
        super().__init__(f"{event} is not possible while {state}")
        self.state = state


def after(state: CounterState, event: CounterEvent) -> CounterState:
    """The state that follows. Raises ``CounterMoveRefused`` for what the table does not list."""
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise CounterMoveRefused(state, event) from None
