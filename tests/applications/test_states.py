"""Every (state, action, actor) of an application: the table's moves happen, every other is refused with the state."""

from __future__ import annotations

import itertools

import pytest

from app.applications.states import MOVES, Action, ApplicationState, MoveRefused, move

ACTORS = ("resident", "counter", "system", "clock", "reviewer", "approver")
ALLOWED = {(m.state, m.action, actor): m.target for m in MOVES for actor in m.actors}


@pytest.mark.parametrize(("state", "action", "actor"), list(itertools.product(ApplicationState, Action, ACTORS)))
def test_only_the_listed_moves_exist(state: ApplicationState, action: Action, actor: str) -> None:
    if (state, action, actor) in ALLOWED:
        assert move(state, action, actor).target is ALLOWED[state, action, actor]
    else:
        with pytest.raises(MoveRefused) as refusal:
            move(state, action, actor)
        assert refusal.value.state is state


def test_a_table_has_one_row_for_a_state_and_action() -> None:
    pairs = [(m.state, m.action) for m in MOVES]
    assert len(pairs) == len(set(pairs))


def test_the_moves_of_domain_md_5_2_are_there() -> None:
    S, A = ApplicationState, Action
    expected = {
        (S.STARTED, A.TIME_LIMIT): (S.ABANDONED, None),
        (S.STARTED, A.SUBMIT): (S.SUBMITTED, "reserve"),
        (S.SUBMITTED, A.SCREEN): (S.SCREENING, None),
        (S.SUBMITTED, A.WAIT_FOR_A_SEAT): (S.WAITLISTED, None),
        (S.WAITLISTED, A.GET_A_SEAT): (S.SUBMITTED, "reserve"),
        (S.WAITLISTED, A.CLOSE_OUT): (S.CLOSED_OUT, None),
        (S.SCREENING, A.APPROVE): (S.APPROVED, "commit"),
        (S.SCREENING, A.REFUSE): (S.REJECTED, "release"),
        (S.SCREENING, A.ASK): (S.INFO_REQUESTED, None),
        (S.INFO_REQUESTED, A.ANSWER): (S.SCREENING, None),
        (S.INFO_REQUESTED, A.MISS_DEADLINE): (S.LAPSED, "release"),
        (S.REJECTED, A.OBJECT): (S.RE_REVIEW, None),
        (S.RE_REVIEW, A.OVERTURN): (S.APPROVED, "reserve+commit"),
        (S.RE_REVIEW, A.UPHOLD): (S.REJECTED_FINAL, None),
        (S.WAITLISTED, A.WITHDRAW): (S.WITHDRAWN, None),
        (S.INFO_REQUESTED, A.WITHDRAW): (S.WITHDRAWN, "release"),
        (S.APPROVED, A.MISS_ASSIGNING): (S.ASSIGN_EXPIRED, "expire"),
        (S.APPROVED, A.REVOKE): (S.REVOKED, "uncommit"),
        (S.FULFILLED, A.REVOKE): (S.REVOKED, None),
        (S.SUBMITTED, A.WITHDRAW): (S.WITHDRAWN, "release"),
        (S.SCREENING, A.WITHDRAW): (S.WITHDRAWN, "release"),
        (S.APPROVED, A.WITHDRAW): (S.WITHDRAWN, "uncommit"),
        (S.APPROVED, A.FULFIL): (S.FULFILLED, None),
        # 5.9: a decision to take back that was overturned; the ledger's part is the return case's.
        (S.REVOKED, A.REINSTATE): (S.FULFILLED, None),
    }
    assert {(m.state, m.action): (m.target, m.effect) for m in MOVES} == expected
