"""How a reading or a watch at a counter ends where it is not the card's fault (E801, E802, E804)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.cards.reading import Visit, all_evidence, problem

Visits = Callable[..., Visit]


@pytest.mark.parametrize("purpose", ["counter", "hold", "confirm", "touch"])
@pytest.mark.parametrize("outcome", ["no_reader", "no_service"])
def test_e804_a_counters_reader_that_was_unplugged_is_no_unreadable_card(
    visit: Visits, purpose: str, outcome: str
) -> None:
    one = visit(purpose=purpose)
    assert one.hand_in({"outcome": outcome})
    assert problem(one.session_id)[0] == "E804"
    assert all_evidence() == []


@pytest.mark.parametrize("purpose", ["hold", "confirm"])
@pytest.mark.parametrize(("outcome", "code"), [("card_removed", "E802"), ("no_card", "E802"), ("another_card", "E801")])
def test_a_watch_says_which_way_the_card_was_lost(visit: Visits, purpose: str, outcome: str, code: str) -> None:
    one = visit(purpose=purpose)
    result: dict[str, Any] = {"outcome": outcome, "pin_kind": None, "tries_left": None, "certificate_not_after": None}
    assert one.hand_in(result)
    assert problem(one.session_id)[0] == code
