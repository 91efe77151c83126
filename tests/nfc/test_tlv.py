"""The BER rules of card.md section 4."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nfc.tlv import MAX_TOTAL, Tlv, TlvError, TlvIncomplete, children, object_length, read_object


@pytest.mark.parametrize(
    ("raw", "tag", "value_start"),
    [("A100", 0xA1, 2), ("FF2000", 0xFF20, 3), ("DF2100", 0xDF21, 3), ("5F4E00", 0x5F4E, 3), ("9000", 0x90, 2)],
)
def test_a_tag_has_two_bytes_when_its_low_five_bits_are_all_one(raw: str, tag: int, value_start: int) -> None:
    read = read_object(bytes.fromhex(raw))
    assert (read.tag, read.value_start) == (tag, value_start)


@pytest.mark.parametrize("length", ["02", "8102", "820002"])
def test_short_long_and_non_minimal_lengths_mean_the_same(length: str) -> None:
    assert read_object(bytes.fromhex("30" + length + "AABB" + "FFFF")).value == b"\xaa\xbb"


@pytest.mark.parametrize("length", ["80", "83000002", "84", "FF"])
def test_indefinite_and_longer_lengths_are_refused(length: str) -> None:
    with pytest.raises(TlvError) as caught:
        read_object(bytes.fromhex("30" + length + "AABB0000"))
    assert not isinstance(caught.value, TlvIncomplete)


def test_the_end_is_counted_from_the_header_and_not_from_what_was_read() -> None:
    raw = bytes.fromhex("FF2002AABB") + b"\xff" * 50
    assert read_object(raw).encoded == raw[:5]
    assert object_length(raw[:3]) == 5


@pytest.mark.parametrize("raw", ["", "FF", "FF20", "FF2082", "FF208200", "FF2003AABB"])
def test_what_is_cut_off_is_incomplete(raw: str) -> None:
    with pytest.raises(TlvIncomplete):
        read_object(bytes.fromhex(raw))


def test_an_object_of_the_limit_passes_and_one_byte_more_does_not() -> None:
    fitting = b"\x30\x82" + (MAX_TOTAL - 4).to_bytes(2, "big")
    assert read_object(fitting + bytes(MAX_TOTAL - 4)).end == MAX_TOTAL
    with pytest.raises(TlvError):
        object_length(b"\x30\x82" + (MAX_TOTAL - 3).to_bytes(2, "big"))


def test_children_end_at_filler_and_must_fit_into_their_parent() -> None:
    assert [child.tag for child in children(read_object(bytes.fromhex("3007DF2101AAFFFFFF")))] == [0xDF21]
    assert [child.tag for child in children(read_object(bytes.fromhex("3004900100" + "00")))] == [0x90]
    with pytest.raises(TlvError):
        list(children(read_object(bytes.fromhex("3003900200" + "AA"))))


def test_the_third_level_is_the_last() -> None:
    third = next(children(next(children(read_object(bytes.fromhex("30063004A1029000"))))))
    assert third.depth == 3
    with pytest.raises(TlvError, match="deep"):
        list(children(third))


def test_a_tag_of_three_bytes_is_refused() -> None:
    with pytest.raises(TlvError):
        read_object(bytes.fromhex("DF8101AA"))


def test_the_repr_of_an_object_shows_no_content() -> None:
    assert "AA" not in repr(read_object(bytes.fromhex("3002AAAA"))).upper()


@given(st.binary(max_size=400))
def test_any_bytes_are_an_object_or_a_typed_error(raw: bytes) -> None:
    def walk(parent: Tlv) -> None:
        assert 0 <= parent.start < parent.value_start <= parent.end <= len(raw)
        if parent.depth < 3:
            for child in children(parent):
                assert parent.value_start <= child.start
                assert child.end <= parent.end
                walk(child)

    try:
        walk(read_object(raw))
    except TlvError:
        return
