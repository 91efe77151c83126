"""返還: the states of a return case and every allowed move between them (domain.md 5.9), as a table."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


class ReturnState(StrEnum):
    """Where one case of taking back stands."""

    SUSPECTED = "suspected"
    INVESTIGATING = "investigating"
    NOTIFIED = "notified"
    CLEARED = "cleared"
    DECIDED = "decided"
    DEMANDED = "demanded"
    PARTLY_PAID = "partly_paid"
    INSTALMENTS = "instalments"
    LITIGATED = "litigated"
    SETTLED = "settled"
    WRITTEN_OFF = "written_off"
    CANCELLED = "cancelled"


class ReturnAction(StrEnum):
    """What moves a case."""

    TAKE = "take"
    NOTIFY = "notify"
    CLEAR = "clear"
    DECIDE = "decide"
    DEMAND = "demand"
    PAY_PART = "pay_part"
    SETTLE = "settle"
    ALLOW_INSTALMENTS = "allow_instalments"
    LITIGATE = "litigate"
    WRITE_OFF = "write_off"
    CANCEL = "cancel"


S, A = ReturnState, ReturnAction


@dataclass(frozen=True)
class ReturnMove:
    """One allowed move, by whom (``people`` of them), and the ledger event that goes with it (domain.md 5.5)."""

    state: ReturnState
    action: ReturnAction
    target: ReturnState
    actors: frozenset[str]
    effect: str | None = None
    people: int = 1


def _moves(  # noqa: PLR0917  # a row of the table
    states: str, action: ReturnAction, target: ReturnState, actors: str, effect: str | None = None, people: int = 1
) -> list[ReturnMove]:
    who = frozenset(actors.split())
    return [ReturnMove(S(state), action, target, who, effect, people) for state in states.split()]


_CLAIMED = "demanded partly_paid instalments"
_PAID = "reversal / repay"

MOVES: tuple[ReturnMove, ...] = (
    *_moves("suspected", A.TAKE, S.INVESTIGATING, "reviewer"),
    # The system, where a rebate is recounted and nothing is due any more: also the two below (BR-38).
    *_moves("suspected investigating notified", A.CLEAR, S.CLEARED, "approver system"),
    *_moves("investigating", A.NOTIFY, S.NOTIFIED, "reviewer"),
    *_moves("notified", A.DECIDE, S.DECIDED, "approver", "clawback_open", people=2),
    *_moves("decided", A.DEMAND, S.DEMANDED, "treasurer"),
    *_moves("decided demanded", A.CANCEL, S.CANCELLED, "approver system", "clawback_cancel"),
    *_moves("demanded", A.PAY_PART, S.PARTLY_PAID, "treasurer", _PAID),
    # A further part changes the sum that is left, not the state.
    *_moves("partly_paid", A.PAY_PART, S.PARTLY_PAID, "treasurer", _PAID),
    *_moves("instalments", A.PAY_PART, S.INSTALMENTS, "treasurer", _PAID),
    *_moves("litigated", A.PAY_PART, S.LITIGATED, "treasurer", _PAID),
    *_moves(f"{_CLAIMED} litigated", A.SETTLE, S.SETTLED, "treasurer system", _PAID),
    *_moves(_CLAIMED, A.ALLOW_INSTALMENTS, S.INSTALMENTS, "treasurer"),
    *_moves(_CLAIMED, A.LITIGATE, S.LITIGATED, "approver"),
    *_moves(f"{_CLAIMED} litigated", A.WRITE_OFF, S.WRITTEN_OFF, "approver", "write_off", people=2),
)

_TABLE = {(move.state, move.action): move for move in MOVES}
FINAL = frozenset({S.CLEARED, S.SETTLED, S.WRITTEN_OFF, S.CANCELLED})


Why = Literal[
    "moved",
    "nothing_granted",
    "open_already",
    "text",
    "not_heard",
    "amount",
    "no_proposal",
    "same_person",
    "may_answer",
    "letter",
    "recounted",
    "left",
    "nothing_due",
    "no_reversal",
]


class ReturnRefused(Exception):
    """The case can't be moved so now, or not by this person; says why and where the case stands.

    ``why`` is the kind, for whoever puts it into words; ``points`` the amount that it is about, if any.
    """

    def __init__(self, state: ReturnState | None, text: str, why: Why = "moved", points: int | None = None) -> None:
        super().__init__(text)
        self.state = state
        self.why = why
        self.points = points


def move(state: ReturnState, action: ReturnAction, actor: str) -> ReturnMove:
    """The one move for this state and action, or ``ReturnRefused``."""
    found = _TABLE.get((state, action))
    if found is None or actor not in found.actors:
        raise ReturnRefused(state, f"{action} by {actor} is not possible while {state}")
    return found
