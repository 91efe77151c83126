"""BR-57, BR-58 and domain.md 8.5: what looks like a My Number, and what does not."""

from __future__ import annotations

from collections.abc import Callable

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
        # as a spreadsheet writes a number that is too long for its column
        "1.23456789018E+11",
        "1.23456789018e11",
        "１．２３４５６７８９０１８Ｅ＋１１",
        "番号=1.234567890180E+11。",
        "12345678901.8E+1",
        "1234.56789018E+08",
        # with commas, by thousands and by ten thousands
        "123,456,789,018",
        "１２３，４５６，７８９，０１８",
        "番号は123,456,789,018です",
        "1234,5678,9018",
        "1234、5678、9018",
        # in kanji, the short and the long ones, and mixed
        "一二三四五六七八九〇一八",
        "一二三四 五六七八 九〇一八",
        "一二三四-五六七八-九零一八",
        "壱弐参四五六七八九〇壱八",
        "1234五六七八9018",
        "個人番号一二三四五六七八九〇一八です",
        # a sentence goes on with a kanji that is also a digit
        "123456789018一件",
        "二、123456789018",
    ],
)
def test_it_is_found_in_any_spelling_BR_57(text: str) -> None:
    assert looks_like_my_number(text)


@pytest.mark.parametrize(
    "text",
    [
        "123456789017",
        "1234567890189",
        "999999999999",
        "",
        "あいう",
        "12345678901",
        "1.23456789017E+11",
        "1.23456789018E+12",
        "1.23456789018E+10",
        "1.234567890185E+11",
        "1.23456789018E-11",
        "1.23456789018E+110",
        "123,456,789,017",
        "1,123,456,789,018",
        "123,456,789,018,000",
        "12,3456,789,018",
        "12,345,678,901",
        "一二三四五六七八九〇一七",
        "一二三四五六七八九〇一八九",
        "千二百三十四億",
    ],
)
def test_other_numbers_are_plain_values_BR_57(text: str) -> None:
    assert not looks_like_my_number(text)


def test_one_random_number_in_ten_fits_so_a_field_of_twelve_digits_must_ask_BR_58() -> None:
    fitting = sum(has_valid_check_digit(f"{n:012d}") for n in range(700_000_000_000, 700_000_020_000))
    assert 0.08 < fitting / 20_000 < 0.2


def in_thousands(number: int) -> str:
    return f"{number:,}"


def as_a_spreadsheet_shows_it(number: int) -> str:
    return f"{number / 10**11:.11f}E+11"


def in_kanji(number: int) -> str:
    return str(number).translate(str.maketrans("0123456789", "〇一二三四五六七八九"))


@pytest.mark.parametrize("spelled", [in_thousands, as_a_spreadsheet_shows_it, in_kanji])
def test_another_spelling_refuses_as_seldom_as_plain_digits_and_the_same_numbers_BR_58(
    spelled: Callable[[int], str],
) -> None:
    """A false alarm is one in ten of the 12-digit numbers, and none of any other length."""
    for n in range(700_000_000_000, 700_000_002_000):
        assert looks_like_my_number(spelled(n)) is has_valid_check_digit(str(n)), spelled(n)
    for n in (*range(70_000_000_000, 70_000_000_500), *range(7_000_000_000_000, 7_000_000_000_500)):
        assert not looks_like_my_number(f"{n:,}"), n


@pytest.mark.parametrize(
    "text",
    [
        "10,000ポイント、20,000ポイント、30,000ポイント",
        "2026-11-20 から 2027-01-31 まで",
        "0748-00-0001",
        "東京都千代田区一番町二丁目三番四号",
        "第一、第二、第三、第四、第五、第六",
        "1E+15",
        "6E+15",
        "2e11",
        "7K3M-2E11",
    ],
)
def test_what_people_write_about_amounts_days_and_places_is_not_refused_BR_57(text: str) -> None:
    assert not looks_like_my_number(text)
