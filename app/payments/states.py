"""States of a payment link and the only moves between them (domain.md 5.4), as data."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class LinkState(StrEnum):
    """Where a payment link stands."""

    ENTERED = "entered"
    FORMAT_OK = "format_ok"
    VERIFYING = "verifying"
    VERIFIED = "verified"
    MISMATCH = "mismatch"
    UNREACHABLE = "unreachable"
    LOCKED = "locked"
    REMOVED = "removed"
    STALE = "stale"
    RELEASED = "released"


class LinkEvent(StrEnum):
    """What can happen to a payment link."""

    FORMAT_CHECKED = "format_checked"
    ASK = "ask"
    CONFIRM = "confirm"
    DIFFER = "differ"
    TIME_OUT = "time_out"
    LOCK = "lock"
    REMOVE = "remove"
    GO_STALE = "go_stale"
    RELEASE = "release"


class IllegalMove(Exception):
    """The link is not in a state from which this can happen; names both, and no value."""


_S, _E = LinkState, LinkEvent

MOVES: Mapping[tuple[LinkState, LinkEvent], LinkState] = {
    (_S.ENTERED, _E.FORMAT_CHECKED): _S.FORMAT_OK,
    (_S.FORMAT_OK, _E.ASK): _S.VERIFYING,
    (_S.FORMAT_OK, _E.CONFIRM): _S.VERIFIED,
    (_S.VERIFYING, _E.CONFIRM): _S.VERIFIED,
    (_S.VERIFYING, _E.DIFFER): _S.MISMATCH,
    (_S.VERIFYING, _E.TIME_OUT): _S.UNREACHABLE,
    (_S.UNREACHABLE, _E.ASK): _S.VERIFYING,
    (_S.VERIFIED, _E.LOCK): _S.LOCKED,
    (_S.VERIFIED, _E.REMOVE): _S.REMOVED,
    (_S.VERIFIED, _E.GO_STALE): _S.STALE,
    (_S.LOCKED, _E.RELEASE): _S.RELEASED,
}

# A live link holds its service ID against other applications of the policy (BR-56).
LIVE = (_S.VERIFYING, _S.UNREACHABLE, _S.VERIFIED, _S.LOCKED)


def after(state: LinkState, event: LinkEvent) -> LinkState:
    """The state after this event; ``IllegalMove`` for every pair that is not listed."""
    try:
        return MOVES[state, event]
    except KeyError:
        raise IllegalMove(f"a payment link that is {state} can't {event}") from None
