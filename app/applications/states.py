"""The states of an application and every allowed move between them (domain.md 5.2), as a table."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ApplicationState(StrEnum):
    """States of domain.md 5.2."""

    STARTED = "started"
    ABANDONED = "abandoned"
    SUBMITTED = "submitted"
    WAITLISTED = "waitlisted"
    CLOSED_OUT = "closed_out"
    SCREENING = "screening"
    INFO_REQUESTED = "info_requested"
    LAPSED = "lapsed"
    APPROVED = "approved"
    ASSIGN_EXPIRED = "assign_expired"
    FULFILLED = "fulfilled"
    REJECTED = "rejected"
    RE_REVIEW = "re_review"
    REJECTED_FINAL = "rejected_final"
    WITHDRAWN = "withdrawn"
    REVOKED = "revoked"


S = ApplicationState

# An application in one of these holds neither a seat nor the place of "already applied" (architecture.md section 4).
RELEASED = frozenset({S.STARTED, S.ABANDONED, S.WITHDRAWN, S.LAPSED, S.CLOSED_OUT})

HOLDS_RESERVED = (S.SUBMITTED, S.SCREENING, S.INFO_REQUESTED)
"""What an application in one of these has on the ledger is RESERVED (domain.md 5.5)."""


class Action(StrEnum):
    """What moves an application."""

    TIME_LIMIT = "time_limit"
    SUBMIT = "submit"
    SCREEN = "screen"
    APPROVE = "approve"
    WITHDRAW = "withdraw"
    FULFIL = "fulfil"
    WAIT_FOR_A_SEAT = "wait_for_a_seat"
    GET_A_SEAT = "get_a_seat"
    CLOSE_OUT = "close_out"
    REFUSE = "refuse"
    ASK = "ask"
    ANSWER = "answer"
    MISS_DEADLINE = "miss_deadline"
    OBJECT = "object"
    OVERTURN = "overturn"
    UPHOLD = "uphold"
    MISS_ASSIGNING = "miss_assigning"
    REVOKE = "revoke"
    REINSTATE = "reinstate"


@dataclass(frozen=True)
class Move:
    """One allowed move, by whom, and what it does to the money (domain.md 5.5); ``reserve+commit`` does both."""

    state: ApplicationState
    action: Action
    target: ApplicationState
    actors: frozenset[str]
    effect: str | None = None


def _move(state: S, action: Action, target: S, actors: str, effect: str | None = None) -> Move:
    return Move(state, action, target, frozenset(actors.split()), effect)


MOVES: tuple[Move, ...] = (
    _move(S.STARTED, Action.TIME_LIMIT, S.ABANDONED, "clock"),
    _move(S.STARTED, Action.SUBMIT, S.SUBMITTED, "resident counter", "reserve"),
    _move(S.SUBMITTED, Action.SCREEN, S.SCREENING, "system"),
    _move(S.SUBMITTED, Action.WAIT_FOR_A_SEAT, S.WAITLISTED, "system"),
    _move(S.WAITLISTED, Action.GET_A_SEAT, S.SUBMITTED, "system", "reserve"),
    _move(S.WAITLISTED, Action.CLOSE_OUT, S.CLOSED_OUT, "system clock"),
    _move(S.SCREENING, Action.APPROVE, S.APPROVED, "system reviewer", "commit"),
    _move(S.SCREENING, Action.REFUSE, S.REJECTED, "system approver", "release"),
    _move(S.SCREENING, Action.ASK, S.INFO_REQUESTED, "reviewer"),
    _move(S.INFO_REQUESTED, Action.ANSWER, S.SCREENING, "resident"),
    _move(S.INFO_REQUESTED, Action.MISS_DEADLINE, S.LAPSED, "clock", "release"),
    _move(S.REJECTED, Action.OBJECT, S.RE_REVIEW, "resident"),
    _move(S.RE_REVIEW, Action.OVERTURN, S.APPROVED, "approver", "reserve+commit"),
    _move(S.RE_REVIEW, Action.UPHOLD, S.REJECTED_FINAL, "approver"),
    _move(S.SUBMITTED, Action.WITHDRAW, S.WITHDRAWN, "resident", "release"),
    _move(S.SCREENING, Action.WITHDRAW, S.WITHDRAWN, "resident", "release"),
    _move(S.WAITLISTED, Action.WITHDRAW, S.WITHDRAWN, "resident"),
    _move(S.INFO_REQUESTED, Action.WITHDRAW, S.WITHDRAWN, "resident", "release"),
    _move(S.APPROVED, Action.WITHDRAW, S.WITHDRAWN, "resident", "uncommit"),
    _move(S.APPROVED, Action.MISS_ASSIGNING, S.ASSIGN_EXPIRED, "clock", "expire"),
    _move(S.APPROVED, Action.FULFIL, S.FULFILLED, "system"),
    # Before the order the amount goes back; after a grant a return case decides what becomes of it.
    _move(S.APPROVED, Action.REVOKE, S.REVOKED, "approver", "uncommit"),
    _move(S.FULFILLED, Action.REVOKE, S.REVOKED, "approver"),
    # The decision to take the grant back was overturned (domain.md 5.9, clawback_cancel): the grant stands again.
    _move(S.REVOKED, Action.REINSTATE, S.FULFILLED, "approver"),
)

_TABLE = {(move.state, move.action): move for move in MOVES}


class MoveRefused(Exception):
    """The move is not in the table, or not this actor's; says the present state."""

    def __init__(self, state: ApplicationState, action: Action, actor: str) -> None:
        super().__init__(f"{action} by {actor} is not possible while {state}")
        self.state = state


def move(state: ApplicationState, action: Action, actor: str) -> Move:
    """The one move for this state and action, or ``MoveRefused``."""
    found = _TABLE.get((state, action))
    if found is None or actor not in found.actors:
        raise MoveRefused(state, action, actor)
    return found
