"""APDUs: the byte examples of card.md section 5, all four cases in both lengths, and what is no APDU."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nfc.apdu import ApduError, Command, CommandAPDU, Response, parse_command, parse_response


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (CommandAPDU(0x00, 0x20, 0x00, 0x91), "00200091"),
        (CommandAPDU(0x00, 0xB0, 0x82, 0x00, le=256), "00B0820000"),
        (CommandAPDU(0x00, 0xB0, 0x86, 0x00, le=32), "00B0860020"),
        (CommandAPDU(0x00, 0xA4, 0x02, 0x0C, b"\x00\x0a"), "00A4020C02000A"),
        (CommandAPDU(0x80, 0x2A, 0x00, 0x97, b"\x01" * 51, le=256), "802A009733" + "01" * 51 + "00"),
        (CommandAPDU(0x00, 0xB0, 0x8A, 0x00, le=65_536), "00B08A00000000"),
        (CommandAPDU(0x00, 0xB0, 0x8A, 0x00, le=257), "00B08A00000101"),
        (CommandAPDU(0x80, 0xAE, 0x00, 0x00, b"\x02" * 256), "80AE0000000100" + "02" * 256),
        (CommandAPDU(0x00, 0x88, 0x00, 0x00, b"\x02" * 256, le=256), "00880000000100" + "02" * 256 + "0100"),
    ],
    ids=["case1", "case2", "case2-le", "case3", "case4", "case2e-all", "case2e", "case3e", "case4e"],
)
def test_a_command_has_exactly_these_bytes(command: CommandAPDU, expected: str) -> None:
    assert bytes(command).hex().upper() == expected.upper()


@pytest.mark.parametrize(
    "build",
    [
        lambda: CommandAPDU(0x100, 0, 0, 0),
        lambda: CommandAPDU(0, 0, 0, -1),
        lambda: CommandAPDU(0, 0, 0, 0, bytes(65_536)),
        lambda: CommandAPDU(0, 0, 0, 0, le=0),
        lambda: CommandAPDU(0, 0, 0, 0, le=65_537),
    ],
)
def test_fields_that_fit_no_apdu_are_refused(build: Callable[[], CommandAPDU]) -> None:
    with pytest.raises(ApduError):
        build()


BYTE = st.integers(0, 255)


@given(
    st.builds(
        CommandAPDU,
        BYTE,
        BYTE,
        BYTE,
        BYTE,
        data=st.binary(max_size=300),
        le=st.none() | st.integers(1, 65_536),
    )
)
def test_every_command_reads_back_as_itself(command: CommandAPDU) -> None:
    assert parse_command(bytes(command)) == command


@given(st.binary(max_size=700))
def test_any_bytes_are_a_command_or_a_typed_error(raw: bytes) -> None:
    try:
        command = parse_command(raw)
    except ApduError:
        return
    assert raw[:4] == bytes((command.cla, command.ins, command.p1, command.p2))
    assert command.data in raw


@pytest.mark.parametrize(
    "raw", ["", "00A404", "00A4040C0A00", "00200091050102", "00A4020C020001FFFF", "00B000000000010001"]
)
def test_lengths_that_do_not_fit_are_refused(raw: str) -> None:
    with pytest.raises(ApduError):
        parse_command(bytes.fromhex(raw))


def test_an_answer_is_data_and_status_word() -> None:
    assert parse_response(bytes.fromhex("0102039000")) == Response(b"\x01\x02\x03", 0x9000)
    assert parse_response(bytes.fromhex("63C2")) == Response(b"", 0x63C2)


@pytest.mark.parametrize("raw", [b"", b"\x90", bytes(65_539)], ids=["empty", "one byte", "too long"])
def test_an_answer_without_status_word_or_beyond_the_limit_is_refused(raw: bytes) -> None:
    with pytest.raises(ApduError):
        parse_response(raw)


def test_reprs_show_neither_data_of_commands_nor_of_answers() -> None:
    shown = repr(CommandAPDU(0x00, 0x20, 0x00, 0x91, b"2580")) + repr(Response(b"2580", 0x9000))
    shown += repr(Command(bytes.fromhex("0020009104") + b"2580", secret=True))
    assert "2580" not in shown
    assert b"2580".hex() not in shown.replace(" ", "")
