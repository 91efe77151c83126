"""The states of a check and every allowed move between them (domain.md 5.3), as a table."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class CheckState(StrEnum):
    """Where a check stands."""

    PENDING = "pending"
    RUNNING = "running"
    PASSED = "passed"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"
    MANUAL_QUEUE = "manual_queue"
    ASSIGNED = "assigned"
    NEEDS_INFO = "needs_info"
    APPEALED = "appealed"
    UPHELD = "upheld"
    INVALIDATED = "invalidated"


class CheckAction(StrEnum):
    """What moves a check; ``result_...`` are those of a rule, ``decide_...`` those of people."""

    START = "start"
    RESULT_PASSED = "result_passed"
    RESULT_FAILED = "result_failed"
    RESULT_INCONCLUSIVE = "result_inconclusive"
    QUEUE = "queue"
    TAKE = "take"
    GIVE_BACK = "give_back"
    TAKE_BACK = "take_back"
    DECIDE_PASSED = "decide_passed"
    DECIDE_FAILED = "decide_failed"
    ASK = "ask"
    ANSWER = "answer"
    OBJECT = "object"
    OVERTURN = "overturn"
    UPHOLD = "uphold"
    INVALIDATE = "invalidate"


_S, _A = CheckState, CheckAction


@dataclass(frozen=True)
class CheckMove:
    """One allowed move and by whom. ``people`` is how many must agree, the last of them the actor."""

    state: CheckState
    action: CheckAction
    target: CheckState
    actors: frozenset[str]
    people: int = 1


def _move(state: CheckState, action: CheckAction, target: CheckState, actors: str, people: int = 1) -> CheckMove:
    return CheckMove(state, action, target, frozenset(actors.split()), people)


MOVES: tuple[CheckMove, ...] = (
    _move(_S.PENDING, _A.START, _S.RUNNING, "system"),
    _move(_S.RUNNING, _A.RESULT_PASSED, _S.PASSED, "system"),
    _move(_S.RUNNING, _A.RESULT_FAILED, _S.FAILED, "system"),
    _move(_S.RUNNING, _A.RESULT_INCONCLUSIVE, _S.INCONCLUSIVE, "system"),
    _move(_S.INCONCLUSIVE, _A.QUEUE, _S.MANUAL_QUEUE, "system"),
    _move(_S.MANUAL_QUEUE, _A.TAKE, _S.ASSIGNED, "reviewer"),
    # Neither is in the table of domain.md: without them what a reviewer who leaves had in hand would wait for ever.
    _move(_S.ASSIGNED, _A.GIVE_BACK, _S.MANUAL_QUEUE, "reviewer"),
    _move(_S.ASSIGNED, _A.TAKE_BACK, _S.MANUAL_QUEUE, "approver"),
    _move(_S.ASSIGNED, _A.DECIDE_PASSED, _S.PASSED, "reviewer"),
    _move(_S.ASSIGNED, _A.DECIDE_FAILED, _S.FAILED, "approver", people=2),
    _move(_S.ASSIGNED, _A.ASK, _S.NEEDS_INFO, "reviewer"),
    _move(_S.NEEDS_INFO, _A.ANSWER, _S.ASSIGNED, "resident"),
    _move(_S.FAILED, _A.OBJECT, _S.APPEALED, "resident"),
    _move(_S.APPEALED, _A.OVERTURN, _S.PASSED, "approver", people=2),
    _move(_S.APPEALED, _A.UPHOLD, _S.UPHELD, "approver", people=2),
    _move(_S.PASSED, _A.INVALIDATE, _S.INVALIDATED, "system approver"),
    # The table of domain.md has no way out of here; without one a held order could only be revoked.
    _move(_S.INVALIDATED, _A.QUEUE, _S.MANUAL_QUEUE, "system"),
)

_TABLE = {(move.state, move.action): move for move in MOVES}

REJECTING = frozenset({_S.FAILED, _S.UPHELD})
IN_STAFF_HANDS = frozenset({_S.INCONCLUSIVE, _S.MANUAL_QUEUE, _S.ASSIGNED, _S.NEEDS_INFO, _S.INVALIDATED})
WAITING = frozenset({_S.PENDING, _S.RUNNING})


class CheckMoveRefused(Exception):
    """The move is not in the table, or not this actor's; says the present state."""

    def __init__(self, state: CheckState, action: CheckAction, actor: str) -> None:
        super().__init__(f"{action} by {actor} is not possible while {state}")
        self.state = state


def move(state: CheckState, action: CheckAction, actor: str) -> CheckMove:
    """The one move for this state and action, or ``CheckMoveRefused``."""
    found = _TABLE.get((state, action))
    if found is None or actor not in found.actors:
        raise CheckMoveRefused(state, action, actor)
    return found


class Standing(StrEnum):
    """What the checks of an application add up to."""

    REJECTED = "rejected"
    RE_REVIEW = "re_review"
    MANUAL = "manual"
    WAIT = "wait"
    APPROVED = "approved"


def standing_of(states: frozenset[CheckState]) -> Standing:
    """The aggregate, in the order of domain.md 5.3."""
    if states & REJECTING:
        return Standing.REJECTED
    if CheckState.APPEALED in states:
        return Standing.RE_REVIEW
    if states & IN_STAFF_HANDS:
        return Standing.MANUAL
    return Standing.WAIT if states & WAITING else Standing.APPROVED
