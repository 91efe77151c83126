"""BR-57, BR-58 and domain.md 8.5: what looks like a My Number, and what does not."""

from __future__ import annotations

import pytest

from app.my_number import has_valid_check_digit, looks_like_my_number


@pytest.mark.parametrize("digits", ["123456789018", "987654321093", "111111111118", "000000000000"])
def test_valid_vectors_BR_57(digits: str) -> None:
    assert has_valid_check_digit(digits)


@pytest.mark.parametrize(
    "digits", ["123456789012", "123456789017", "12345678901", "1234567890189", "１２３４５６７８９０１８"]
)
def test_invalid_vectors_BR_57(digits: str) -> None:
    assert not has_valid_check_digit(digits)


@pytest.mark.parametrize(
    "text",
    [
        "123456789018",
        "1234-5678-9018",
        "１２３４ ５６７８ ９０１８",
        "番号は123456789018です",
        "1234‐5678‐9018",
        "1234−5678−9018",
        "1234ー5678ー9018",
        "1234　5678　9018",
        "1 2 3 4 5 6 7 8 9 0 1 8",
        "1234\u200b5678\u200b9018",
        "1234\ufe0f5678\u20609018",
        "١٢٣٤٥٦٧٨٩٠١٨",
        "𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗𝟎𝟏𝟖",
    ],
)
def test_it_is_found_in_any_spelling_BR_57(text: str) -> None:
    assert looks_like_my_number(text)


@pytest.mark.parametrize("text", ["123456789017", "1234567890189", "999999999999", "", "あいう", "12345678901"])
def test_other_numbers_are_plain_values_BR_57(text: str) -> None:
    assert not looks_like_my_number(text)


def test_one_random_number_in_ten_fits_so_a_field_of_twelve_digits_must_ask_BR_58() -> None:
    fitting = sum(has_valid_check_digit(f"{n:012d}") for n in range(700_000_000_000, 700_000_020_000))
    assert 0.08 < fitting / 20_000 < 0.2
