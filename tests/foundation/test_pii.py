"""Personal data at rest: encrypted for one place, rewrapped to new keys, and never printed."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretBytes

from app.pii import PiiError, Private, Vault
from app.settings import Keys


def _keys(encryption: dict[str, bytes], index: bytes = b"i" * 32) -> Keys:
    return Keys(
        encryption={name: SecretBytes(key) for name, key in encryption.items()},
        index=SecretBytes(index),
        audit=SecretBytes(b"a" * 32),
        signing=SecretBytes(b"s" * 32),
    )


OLD = _keys({"old": b"o" * 32})
BOTH = _keys({"new": b"n" * 32, "old": b"o" * 32})


@given(st.text())
def test_a_value_comes_back_byte_for_byte_BR_69(text: str) -> None:
    vault = Vault(OLD)
    try:
        text.encode()
    except UnicodeEncodeError:
        return
    assert vault.decrypt(vault.encrypt(Private(text), "t.c:1"), "t.c:1").reveal() == text


def test_a_value_moved_to_another_place_does_not_decrypt() -> None:
    vault = Vault(OLD)
    stored = vault.encrypt(Private("秘匿"), "person_facts.name:1")
    with pytest.raises(PiiError):
        vault.decrypt(stored, "person_facts.name:2")


def test_any_changed_byte_is_noticed() -> None:
    vault = Vault(OLD)
    stored = vault.encrypt(Private("秘匿"), "c")
    for position in range(len(stored)):
        damaged = bytearray(stored)
        damaged[position] ^= 1
        with pytest.raises(PiiError):
            vault.decrypt(bytes(damaged), "c")


def test_rotation_rewraps_without_touching_the_ciphertext() -> None:
    stored = Vault(OLD).encrypt(Private("秘匿"), "c")
    both = Vault(BOTH)
    assert both.needs_rewrap(stored)
    rewrapped = both.rewrap(stored, "c")
    assert not both.needs_rewrap(rewrapped)
    assert rewrapped[-20:] == stored[-20:]
    assert Vault(_keys({"new": b"n" * 32})).decrypt(rewrapped, "c").reveal() == "秘匿"


def test_without_its_key_a_value_is_unreadable_and_the_error_shows_nothing() -> None:
    stored = Vault(OLD).encrypt(Private("秘匿"), "c")
    with pytest.raises(PiiError, match="old") as error:
        Vault(_keys({"new": b"n" * 32})).decrypt(stored, "c")
    assert "秘匿" not in str(error.value)


def test_the_blind_index_is_keyed_and_separate_per_purpose() -> None:
    vault = Vault(OLD)
    assert vault.index("a", b"v") == Vault(OLD).index("a", b"v")
    assert vault.index("a", b"v") != vault.index("b", b"v")
    assert vault.index("a", b"v") != Vault(_keys({"old": b"o" * 32}, index=b"j" * 32)).index("a", b"v")


def test_a_private_value_shows_itself_nowhere() -> None:
    value = Private("秘匿　カナリ")
    shown = [repr(value), str(value), f"{value}", f"{value:>20}", repr([value]), "%s" % value]  # noqa: UP031  # the oldest way to print must not show it either
    assert not any("秘匿" in text for text in shown)
    with pytest.raises(TypeError):
        pickle.dumps(value)
    with pytest.raises(TypeError):
        hash(value)
