"""The table of status words (card.md section 6)."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nfc.status import OUTCOMES, STATUS_WORDS, StatusClass, StatusWord, classify, lookup, tries_in


@pytest.mark.parametrize("row", STATUS_WORDS, ids=lambda row: row.pattern)
def test_every_row_is_well_formed_and_is_found_by_its_own_pattern(row: StatusWord) -> None:
    assert re.fullmatch(r"[0-9A-F]{2}([0-9A-F]{2}|[0-9A-F]x|xx)", row.pattern)
    assert lookup(int(row.pattern.replace("x", "5"), 16)) is row


def test_every_class_has_an_outcome_and_every_class_is_used() -> None:
    assert set(OUTCOMES) == set(StatusClass) == {row.status_class for row in STATUS_WORDS}


def test_63c0_is_the_block_itself_and_63c1_a_wrong_pin() -> None:
    assert classify(0x63C0) is StatusClass.BLOCKED
    assert classify(0x63C1) is StatusClass.WRONG_PIN


@pytest.mark.parametrize(
    ("word", "tries"),
    [(0x63C3, 3), (0x63CF, 15), (0x63C0, 0), (0x6983, 0), (0x6984, 0), (0x9000, None), (0x6300, None), (0x6A88, None)],
)
def test_the_tries_a_status_word_tells(word: int, tries: int | None) -> None:
    assert tries_in(word) == tries


@given(st.integers(0, 0xFFFF))
def test_every_status_word_has_a_row(word: int) -> None:
    assert lookup(word).status_class in OUTCOMES
