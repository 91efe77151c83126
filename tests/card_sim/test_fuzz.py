"""The small run of the fuzz target; `make fuzz` sends a million (card.md section 18)."""

from __future__ import annotations

import pytest

from tests.fuzz.commands import card_sim_fuzz

COMMANDS = 20_000


def test_mutated_commands_get_status_words_only_in_time_and_in_flat_memory() -> None:
    report = card_sim_fuzz(COMMANDS)
    assert report.commands == COMMANDS
    # The run goes deep: files are read, PINs fail and block, signatures are made, rules are broken in every way.
    seen = set(report.words)
    assert {"9000", "63C0", "6984", "6982", "6985", "6986", "6A82", "6A86", "6A88", "6700", "6D00", "6E00"} <= seen


@pytest.mark.full
def test_the_same_seed_sends_the_same_commands() -> None:
    assert card_sim_fuzz(1_500, seed=7).words == card_sim_fuzz(1_500, seed=7).words
