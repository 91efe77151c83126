"""EF 0408:0002 (card.md sections 3.2 and 4): vectors A, B and C, and every way to be malformed."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nfc.four_information import FourInformation, FourInformationError, parse, signed_part
from nfc.tlv import TlvError
from tests.nfc.scripted_card import ADDRESS_A, NAME_A, VECTOR_A

NAME_C = "試験　花子"
ADDRESS_C = "みらい県やまなみ郡みどり町大字南中央五丁目１２３番地４５６　みどりコーポラス花みずき弐号館１００２号室"
HASH_A = "b9e0d09427b23b1d4beda2848512b4103752dc2667e51f9712872d65f472cb3b"
HASH_C = "279ffde61b10b1d025ae7092193956e5edb75feac7e1917bfedcde81ff532c54"


def item(tag: str, value: bytes) -> bytes:
    length = bytes((len(value),)) if len(value) < 128 else b"\x81" + bytes((len(value),))
    return bytes.fromhex(tag) + length + value


def build(header: str, items: list[bytes], table: bytes | None = None, *, table_first: bool = True) -> bytes:
    """A file with the outer header form `header` ("short", "81" or "82") around the given items."""
    size = 11 + sum(map(len, items))
    length = {"short": "%02x", "81": "81%02x", "82": "82%04x"}[header] % size
    start = bytes.fromhex("FF20" + length)
    offsets, position = b"", len(start) + (11 if table_first else 0)
    for each in items:
        offsets += position.to_bytes(2, "big")
        position += len(each)
    object_21 = b"\xdf\x21\x08" + (offsets[:8] if table is None else table)
    parts = [object_21, *items] if table_first else [*items, object_21]
    return start + b"".join(parts)


def items_c() -> list[bytes]:
    return [
        item("DF22", NAME_C.encode()),
        item("DF23", ADDRESS_C.encode()),
        item("DF24", b"19900203"),
        item("DF25", b"2"),
    ]


def test_vector_a_is_read_and_its_signed_part_has_the_published_hash() -> None:
    assert len(VECTOR_A) == 104
    assert parse(VECTOR_A) == FourInformation(NAME_A, ADDRESS_A, "19800217", "1")
    assert hashlib.sha256(signed_part(VECTOR_A)).hexdigest() == HASH_A
    assert len(signed_part(VECTOR_A)) == 90


def test_vector_b_with_a_non_minimal_header_reads_the_same_and_hashes_the_same() -> None:
    raw = bytes.fromhex("FF20820065DF210800100022005B0066") + VECTOR_A[0x0E:]
    assert len(raw) == 106
    assert parse(raw) == parse(VECTOR_A)
    assert hashlib.sha256(signed_part(raw)).hexdigest() == HASH_A


@pytest.mark.parametrize(
    ("header", "size", "begins"),
    [("81", 205, "FF2081C9DF2108000F002100BE00C9DF22"), ("82", 206, "FF208200C9DF21080010002200BF00CADF22")],
)
def test_vector_c_with_an_address_of_over_128_bytes_reads_in_both_header_forms(
    header: str, size: int, begins: str
) -> None:
    raw = build(header, items_c())
    assert len(raw) == size
    assert raw.hex().upper().startswith(begins)
    assert parse(raw) == FourInformation(NAME_C, ADDRESS_C, "19900203", "2")
    assert hashlib.sha256(signed_part(raw)).hexdigest() == HASH_C


@pytest.mark.parametrize("filler", [b"", b"\xff" * 300, b"\x00" * 300, b"\xff\x20"])
def test_filler_behind_the_object_is_not_looked_at(filler: bytes) -> None:
    assert parse(VECTOR_A + filler) == parse(VECTOR_A)
    assert signed_part(VECTOR_A + filler) == signed_part(VECTOR_A)


def test_unknown_tags_are_skipped() -> None:
    assert parse(build("81", [*items_c(), item("DF2E", b"new")])).name == NAME_C


def test_the_order_of_the_table_does_not_matter_as_long_as_it_points_right() -> None:
    assert parse(build("81", items_c(), table_first=False)).address == ADDRESS_C


def test_nothing_is_normalised() -> None:
    items = [item("DF22", "ｶﾅ　①".encode()), *items_c()[1:]]
    assert parse(build("81", items)).name == "ｶﾅ　①"


@pytest.mark.parametrize("sex", [b"9", b"0", b"3", b" ", b"\xe9"])
def test_any_sex_byte_is_kept_as_it_is(sex: bytes) -> None:
    assert parse(build("81", [*items_c()[:3], item("DF25", sex)])).sex == sex.decode("latin-1")


@pytest.mark.parametrize("birth", [b"19800000", b"1980    ", b"00000000"])
def test_an_unknown_date_of_birth_is_kept_as_text(birth: bytes) -> None:
    assert parse(build("81", [*items_c()[:2], item("DF24", birth), items_c()[3]])).birth_date == birth.decode()


MALFORMED = {
    "another file": b"\xff\x30" + VECTOR_A[2:],
    "cut off": VECTOR_A[:-1],
    "empty": b"",
    "only filler": b"\xff" * 104,
    "an item missing": build("81", items_c()[:3], bytes(8)),
    "an item twice": build("81", [*items_c(), items_c()[0]]),
    "the table twice": build("81", [*items_c(), item("DF21", bytes(8))]),
    "no table": bytes.fromhex("FF20") + bytes((len(VECTOR_A) - 14,)) + VECTOR_A[14:],
    "an offset beside the item": VECTOR_A[:7] + b"\x0f" + VECTOR_A[8:],
    "a table of nine bytes": bytes.fromhex("FF2066DF2109000F002100 5A006500") + VECTOR_A[14:],
    "birth of seven bytes": build("81", [*items_c()[:2], item("DF24", b"1990020"), items_c()[3]]),
    "birth not ASCII": build("81", [*items_c()[:2], item("DF24", b"1990020\xff"), items_c()[3]]),
    "birth with a control character": build("81", [*items_c()[:2], item("DF24", b"1990020\n"), items_c()[3]]),
    "sex of two bytes": build("81", [*items_c()[:3], item("DF25", b"12")]),
    "sex empty": build("81", [*items_c()[:3], item("DF25", b"")]),
    "name not UTF-8": build("81", [item("DF22", b"\x83\x65"), *items_c()[1:]]),
    "address cut inside a character": build("81", [items_c()[0], item("DF23", "県".encode()[:2]), *items_c()[2:]]),
}


@pytest.mark.parametrize("raw", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_file_is_a_typed_error(raw: bytes) -> None:
    with pytest.raises(TlvError):
        parse(raw)


def test_a_changed_table_alone_leaves_the_signed_hash_but_is_refused_before_it_counts() -> None:
    with pytest.raises(FourInformationError):
        signed_part(VECTOR_A[:9] + b"\x21" + VECTOR_A[10:])


def test_the_repr_shows_no_personal_data_and_errors_carry_none() -> None:
    shown = repr(parse(VECTOR_A)) + str(parse(VECTOR_A))
    assert not any(part in shown for part in (NAME_A, ADDRESS_A, "1980", "'1'"))
    with pytest.raises(FourInformationError) as caught:
        parse(MALFORMED["name not UTF-8"])
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None


@given(
    st.binary(max_size=300)
    | st.tuples(st.integers(0, 103), st.integers(0, 255)).map(
        lambda change: VECTOR_A[: change[0]] + bytes((change[1],)) + VECTOR_A[change[0] + 1 :]
    )
)
def test_any_bytes_are_four_items_or_a_typed_error(raw: bytes) -> None:
    try:
        parse(raw)
        signed_part(raw)
    except TlvError:
        return
