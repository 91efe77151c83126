"""card.md section 3.2: the records of the text application against its byte examples and sizes."""

from __future__ import annotations

import hashlib
from datetime import date

import pytest

from card_sim import records
from card_sim.ber import encode, encode_length
from card_sim.people import verification_number_b

VECTOR_A = bytes.fromhex(
    "FF2065 DF2108000E002000590064"
    "DF220FE9BB92E6A190E38080E5B9B9E4B99F"
    "DF2336E69DB1E4BAACE983BDE6B885E780ACE5B882E8A6B3E5B883E5AD90E58D97"
    "EFBC91EFBC92EFBC8DEFBC97EFBC8DEFBC92EFBC90EFBC92"
    "DF24083139383030323137 DF250131"
)
VECTOR_A_FIELDS = ("黒桐　幹也", "東京都清瀬市観布子南１２－７－２０２", "19800217", "1")
VECTOR_C_FIELDS = (
    "試験　花子",
    "みらい県やまなみ郡みどり町大字南中央五丁目１２３番地４５６　みどりコーポラス花みずき弐号館１００２号室",
    "19900203",
    "2",
)
HASH_A = "b9e0d09427b23b1d4beda2848512b4103752dc2667e51f9712872d65f472cb3b"
HASH_C = "279ffde61b10b1d025ae7092193956e5edb75feac7e1917bfedcde81ff532c54"


def test_vector_a_is_built_byte_for_byte() -> None:
    assert records.four_information_object(*VECTOR_A_FIELDS) == VECTOR_A
    assert len(VECTOR_A) == 104


def test_vector_b_has_an_82_header_and_moved_offsets() -> None:
    record = records.four_information_object(*VECTOR_A_FIELDS, length_octets=3)
    assert record[:16] == bytes.fromhex("FF20820065 DF21080010002200 5B0066".replace(" ", ""))
    assert len(record) == 106


@pytest.mark.parametrize(
    ("octets", "size", "start"),
    [
        (None, 205, "FF2081C9 DF2108000F002100BE00C9"),
        (2, 205, "FF2081C9 DF2108000F002100BE00C9"),
        (3, 206, "FF208200C9 DF21080010002200BF00CA"),
    ],
)
def test_vector_c_has_a_long_address(octets: int | None, size: int, start: str) -> None:
    record = records.four_information_object(*VECTOR_C_FIELDS, length_octets=octets)
    assert len(record) == size
    assert record.startswith(bytes.fromhex(start))
    assert bytes.fromhex("DF238199") in record


@pytest.mark.parametrize(("fields", "digest"), [(VECTOR_A_FIELDS, HASH_A), (VECTOR_C_FIELDS, HASH_C)])
@pytest.mark.parametrize("octets", [None, 3])
def test_the_hashed_part_is_the_same_under_every_header(
    fields: tuple[str, str, str, str], digest: str, octets: int | None
) -> None:
    record = records.four_information_object(*fields, length_octets=octets)
    assert hashlib.sha256(records.signed_part_of_four_information(record)).hexdigest() == digest


def test_a_file_is_filled_up_with_ff() -> None:
    file = records.four_information_file(VECTOR_A)
    assert len(file) == 512
    assert set(file[len(VECTOR_A) :]) == {0xFF}
    assert len(records.four_information_file(bytes(600))) == 768


def test_the_number_is_the_invalid_canary_in_17_bytes() -> None:
    assert records.my_number_record() == bytes.fromhex("FF100C" + b"999999999999".hex() + "FFFF")


def test_basic_information_keeps_its_long_lengths() -> None:
    record = records.basic_information("99201")
    assert len(record) == 164
    assert record.startswith(bytes.fromhex("FF4082009F DF410401030E01 DF4210") + b"9000034\x08\x05001")
    assert bytes.fromhex("DF43820080") in record


def test_token_information_is_160_bytes_with_big_endian_numbers() -> None:
    record = records.token_information("JPKIAPICCTOKEN2")
    assert len(record) == 160
    assert record[:32] == b"JPKIAPICCTOKEN2".ljust(32)
    assert (record[116:120], record[120:124]) == (bytes([0, 0, 0, 16]), bytes([0, 0, 0, 4]))
    assert record[140:144] == b"0301"


@pytest.mark.parametrize("digits", ["5000033", "6000033", "900003", "90000333", "９000033"])
def test_a_cv_key_id_of_another_hierarchy_is_not_made(digits: str) -> None:
    with pytest.raises(ValueError, match="begins with 9"):
        records.cv_key_id(digits)


def test_a_cv_key_id_has_16_bytes() -> None:
    assert records.cv_key_id("9000033").hex() == b"9000033".hex() + "0805" + b"001".hex() + "00000000"


@pytest.mark.parametrize(
    ("birth", "expected"),
    [
        (date(1980, 2, 17), "55021720352285"),
        (date(1926, 12, 24), "15122420352285"),
        (date(1926, 12, 25), "01122520352285"),
        (date(1989, 1, 7), "64010720352285"),
        (date(1989, 1, 8), "01010820352285"),
        (date(2019, 4, 30), "31043020352285"),
        (date(2019, 5, 1), "01050120352285"),
        (date(1912, 7, 29), "45072920352285"),
        (date(1912, 7, 30), "01073020352285"),
    ],
)
def test_verification_number_b_counts_by_era(birth: date, expected: str) -> None:
    assert verification_number_b(birth, 2035, "2285") == expected


@pytest.mark.parametrize(
    ("length", "octets", "field"),
    [(0x7F, None, "7F"), (0x80, None, "8180"), (0xFF, None, "81FF"), (0x100, None, "820100"), (0x65, 3, "820065")],
)
def test_lengths_are_minimal_unless_told_otherwise(length: int, octets: int | None, field: str) -> None:
    assert encode_length(length, octets).hex().upper() == field


@pytest.mark.parametrize(("length", "octets"), [(0x80, 1), (0x100, 2), (0x10000, 3), (-1, None)])
def test_a_length_that_does_not_fit_is_refused(length: int, octets: int | None) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        encode_length(length, octets)


def test_an_object_is_tag_length_value() -> None:
    assert encode("DF25", b"1").hex().upper() == "DF250131"
