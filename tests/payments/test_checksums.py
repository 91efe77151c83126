"""The vectors of domain.md 8.6."""

from __future__ import annotations

import pytest

from app.payments import checksums


@pytest.mark.parametrize("value", ["1234567897", "6000000000000015", "9000000000000019"])
def test_luhn_takes_right_numbers_and_refuses_every_single_digit_change(value):
    assert checksums.luhn(value)
    for i, digit in enumerate(value):
        assert not checksums.luhn(value[:i] + str((int(digit) + 1) % 10) + value[i + 1 :])


@pytest.mark.parametrize("value", ["1234567890", "6000000000000016", "", "x", "١٢٣"])
def test_luhn_refuses(value):
    assert not checksums.luhn(value)


@pytest.mark.parametrize(
    ("value", "right"), [("MC12345678", True), ("MC00000011", True), ("MC12345679", False), ("1", False)]
)
def test_mod10_last(value, right):
    assert checksums.mod10_last(value) is right


def test_an_unknown_check_is_an_error_and_not_a_pass():
    with pytest.raises(KeyError):
        checksums.is_valid("crc32", "1")
