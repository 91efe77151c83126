"""Every (state, action, actor) of a check: the table's moves happen, every other is refused with the state (5.3)."""

from __future__ import annotations

import itertools

import pytest

from app.screening import CheckAction, CheckMoveRefused, CheckState, Standing
from app.screening.states import MOVES, move, standing_of

ACTORS = ("resident", "system", "clock", "reviewer", "approver")
ALLOWED = {(m.state, m.action, actor): m.target for m in MOVES for actor in m.actors}
S, A = CheckState, CheckAction


@pytest.mark.parametrize(("state", "action"), list(itertools.product(CheckState, CheckAction)))
def test_only_the_listed_moves_exist(state: CheckState, action: CheckAction) -> None:
    for actor in ACTORS:
        if (state, action, actor) in ALLOWED:
            assert move(state, action, actor).target is ALLOWED[state, action, actor]
        else:
            with pytest.raises(CheckMoveRefused) as refusal:
                move(state, action, actor)
            assert refusal.value.state is state


def test_the_moves_of_domain_md_5_3_are_there_and_the_ways_back_into_the_queue() -> None:
    assert {(m.state, m.action): (m.target, m.people) for m in MOVES} == {
        (S.PENDING, A.START): (S.RUNNING, 1),
        (S.RUNNING, A.RESULT_PASSED): (S.PASSED, 1),
        (S.RUNNING, A.RESULT_FAILED): (S.FAILED, 1),
        (S.RUNNING, A.RESULT_INCONCLUSIVE): (S.INCONCLUSIVE, 1),
        (S.INCONCLUSIVE, A.QUEUE): (S.MANUAL_QUEUE, 1),
        (S.MANUAL_QUEUE, A.TAKE): (S.ASSIGNED, 1),
        (S.ASSIGNED, A.GIVE_BACK): (S.MANUAL_QUEUE, 1),
        (S.ASSIGNED, A.TAKE_BACK): (S.MANUAL_QUEUE, 1),
        (S.ASSIGNED, A.DECIDE_PASSED): (S.PASSED, 1),
        (S.ASSIGNED, A.DECIDE_FAILED): (S.FAILED, 2),
        (S.ASSIGNED, A.ASK): (S.NEEDS_INFO, 1),
        (S.NEEDS_INFO, A.ANSWER): (S.ASSIGNED, 1),
        (S.FAILED, A.OBJECT): (S.APPEALED, 1),
        (S.APPEALED, A.OVERTURN): (S.PASSED, 2),
        (S.APPEALED, A.UPHOLD): (S.UPHELD, 2),
        (S.PASSED, A.INVALIDATE): (S.INVALIDATED, 1),
        (S.INVALIDATED, A.QUEUE): (S.MANUAL_QUEUE, 1),
    }


def test_a_failure_that_people_decide_needs_two_of_them() -> None:
    decided = [m for m in MOVES if m.target in (S.FAILED, S.UPHELD) and "system" not in m.actors]
    assert decided
    assert all(m.people == 2 and m.actors == {"approver"} for m in decided)


@pytest.mark.parametrize(
    ("states", "standing"),
    [
        ({S.PASSED, S.FAILED, S.APPEALED}, Standing.REJECTED),
        ({S.PASSED, S.UPHELD}, Standing.REJECTED),
        ({S.APPEALED, S.INCONCLUSIVE}, Standing.RE_REVIEW),
        ({S.PASSED, S.PENDING, S.INCONCLUSIVE}, Standing.MANUAL),
        ({S.MANUAL_QUEUE}, Standing.MANUAL),
        ({S.ASSIGNED, S.PENDING}, Standing.MANUAL),
        ({S.NEEDS_INFO}, Standing.MANUAL),
        ({S.INVALIDATED, S.PASSED}, Standing.MANUAL),
        ({S.PENDING, S.PASSED}, Standing.WAIT),
        ({S.RUNNING}, Standing.WAIT),
        ({S.PASSED}, Standing.APPROVED),
    ],
)
def test_the_aggregate_follows_the_order_of_domain_md_5_3(states: set[CheckState], standing: Standing) -> None:
    assert standing_of(frozenset(states)) is standing
