"""card.md section 5, Encoding: the four cases, short and extended."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from card_sim.apdu import Command, parse_command
from card_sim.status import Refusal


@pytest.mark.parametrize(
    ("raw", "command"),
    [
        ("00200091", Command(0x00, 0x20, 0x00, 0x91)),
        ("00B0820000", Command(0x00, 0xB0, 0x82, 0x00, expected=256)),
        ("00B0820010", Command(0x00, 0xB0, 0x82, 0x00, expected=16)),
        ("002000910432353830", Command(0x00, 0x20, 0x00, 0x91, b"2580")),
        ("802A009702AABB00", Command(0x80, 0x2A, 0x00, 0x97, b"\xaa\xbb", 256)),
        ("00B08200000000", Command(0x00, 0xB0, 0x82, 0x00, expected=65_536, extended=True)),
        ("00B08200000100", Command(0x00, 0xB0, 0x82, 0x00, expected=256, extended=True)),
        ("0020009100000432353830", Command(0x00, 0x20, 0x00, 0x91, b"2580", extended=True)),
        ("802A0097000002AABB0000", Command(0x80, 0x2A, 0x00, 0x97, b"\xaa\xbb", 65_536, extended=True)),
    ],
)
def test_each_case_is_read(raw: str, command: Command) -> None:
    assert parse_command(bytes.fromhex(raw)) == command


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "00A404",
        "00200091043235",  # Lc says four, two are there
        "0020009104323538300000",  # something after Le
        "00A4040C0000",  # a lone extended marker
        "0020009100000032",  # extended Lc of zero
        "802A0097000002AABB00",  # extended Lc with short Le
    ],
)
def test_lengths_that_disagree_are_6700(raw: str) -> None:
    with pytest.raises(Refusal) as refusal:
        parse_command(bytes.fromhex(raw))
    assert refusal.value.word == 0x6700


@given(header=st.binary(min_size=4, max_size=4), data=st.binary(max_size=300), expected=st.integers(0, 256))
def test_whatever_is_encoded_is_read_back(header: bytes, data: bytes, expected: int) -> None:
    extended = len(data) > 255
    size = 2 if extended else 1
    body = (b"\x00" * extended + len(data).to_bytes(size) + data) if data else b""
    le = (expected % (1 << 8 * size)).to_bytes(size) if expected else b""
    command = parse_command(header + body + le)
    assert (command.cla, command.ins, command.p1, command.p2) == tuple(header)
    assert command.data == data
    assert command.expected == (expected or None)


@given(st.binary(max_size=400))
def test_arbitrary_bytes_are_a_command_or_6700(raw: bytes) -> None:
    try:
        command = parse_command(raw)
    except Refusal as refusal:
        assert refusal.word == 0x6700
    else:
        assert len(command.data) <= len(raw)
