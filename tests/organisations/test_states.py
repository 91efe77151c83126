"""Every pair of state and event of an account, the forbidden ones too (domain.md 5.8)."""

from __future__ import annotations

from itertools import product

import pytest

from app.organisations.states import TRANSITIONS, AccountEvent, AccountMoveRefused, AccountState, after


@pytest.mark.parametrize(("state", "event"), list(product(AccountState, AccountEvent)))
def test_an_account_moves_as_the_table_says_and_not_otherwise(state: AccountState, event: AccountEvent) -> None:
    if (state, event) in TRANSITIONS:
        assert after(state, event) is TRANSITIONS[state, event]
    else:
        with pytest.raises(AccountMoveRefused):
            after(state, event)


def test_a_closed_account_is_closed_for_good() -> None:
    assert not [event for state, event in TRANSITIONS if state is AccountState.CLOSED]
