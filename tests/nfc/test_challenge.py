"""The bytes a card signs (card.md section 11, row 3)."""

import hashlib

import pytest

from nfc.challenge import LABEL, operation_text, signed_bytes

OPERATION = ("3f1c", "agent-1", "apply", "policy-9", "http://127.0.0.1:8000")


def test_the_signed_bytes_are_label_zero_challenge_and_hash_of_the_operation() -> None:
    text = operation_text(*OPERATION)
    expected = b"todoke-card-session-v1" + b"\x00" + b"\x07" * 32 + hashlib.sha256(text.encode()).digest()
    assert signed_bytes(b"\x07" * 32, text) == expected
    assert LABEL == b"todoke-card-session-v1"


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_a_challenge_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        signed_bytes(bytes(length), "text")


@pytest.mark.parametrize("position", range(5))
def test_every_field_of_the_operation_changes_the_text(position: int) -> None:
    changed = [*OPERATION]
    changed[position] += "x"
    assert operation_text(*changed) != operation_text(*OPERATION)


def test_no_policy_differs_from_an_empty_one_and_from_the_word_null() -> None:
    texts = {operation_text("s", "a", "status", policy, "o") for policy in (None, "", "null")}
    assert len(texts) == 3


def test_a_field_cannot_be_written_to_read_as_another_one() -> None:
    quoted = operation_text('s","policy_id":"p', "a", "status", None, "o")
    assert quoted != operation_text("s", "a", "status", "p", "o")
    assert quoted.isascii()


def test_the_text_is_fixed_byte_by_byte() -> None:
    assert operation_text("s", "a", "apply", None, "https://例") == (
        '{"agent_id":"a","origin":"https://\\u4f8b","policy_id":null,"purpose":"apply","session_id":"s"}'
    )
