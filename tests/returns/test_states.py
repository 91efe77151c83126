"""The table of moves of a return case: every state, action and actor (domain.md 5.9)."""

from __future__ import annotations

import itertools

import pytest

from app.returns import ReturnRefused, ReturnState
from app.returns.states import MOVES, ReturnAction, move

ACTORS = ("reviewer", "approver", "treasurer", "resident", "system")
ALLOWED = {(one.state, one.action, actor): one.target for one in MOVES for actor in one.actors}


@pytest.mark.parametrize(("state", "action", "actor"), list(itertools.product(ReturnState, ReturnAction, ACTORS)))
def test_only_the_listed_moves_exist(state: ReturnState, action: ReturnAction, actor: str) -> None:
    if (state, action, actor) in ALLOWED:
        assert move(state, action, actor).target is ALLOWED[state, action, actor]
    else:
        with pytest.raises(ReturnRefused):
            move(state, action, actor)
