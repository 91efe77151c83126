"""The redacted trace (card.md N3 to N5): commands are recognisable, content is nowhere."""

import logging

import pytest

from nfc.procedures import read_whole
from nfc.transports import run
from nfc.transports.in_process import InProcess
from nfc.transports.trace import TRAFFIC, Traced
from tests.nfc.scripted_card import ADDRESS_A, NAME_A, RECORD_0003, TEXT_PIN, ScriptedCard, certificate
from tests.nfc.sessions import AUTH, TEXT


class Silent:
    """Answers everything with data that must not appear."""

    def open(self) -> None:
        pass

    def transmit(self, apdu: bytes) -> bytes:
        return b"SECRET\x90\x00"

    def close(self) -> None:
        pass


def test_a_whole_session_shows_headers_lengths_and_status_words_only() -> None:
    lines: list[str] = []
    traced = Traced(InProcess(ScriptedCard()), lines.append)
    run(read_whole(TEXT, AUTH, b"message", issuer_check=lambda *_: "genuine"), traced)
    assert lines[:5] == [
        "power on",
        "> 00 A4 04 0C D3921000310001010408",
        "< 0 bytes, 9000",
        "> 00 20 00 91",
        "< 0 bytes, 63C3",
    ]
    assert "> 00 20 00 91 [4 bytes hidden]" in lines
    assert "> 80 2A 00 97 [51 bytes hidden] Le 256" in lines
    assert lines[-1] == "power off"
    text = "".join(lines).upper().replace(" ", "")
    for secret in (b"2580", b"1470", NAME_A.encode(), ADDRESS_A.encode(), RECORD_0003[5:20], certificate(1400)[4:20]):
        assert secret.hex().upper() not in text
        assert secret.decode("latin-1").upper() not in text


@pytest.mark.parametrize("header", ["00200091", "00200098", "00240180", "002C0080", "80320080", "8020FF91", "00DA0000"])
def test_the_body_of_every_command_that_could_hold_a_pin_is_masked_and_its_length_kept(header: str) -> None:
    lines: list[str] = []
    Traced(Silent(), lines.append).transmit(bytes.fromhex(header) + b"\x04" + TEXT_PIN.encode())
    assert lines[0].endswith("[4 bytes hidden]")
    assert lines[1] == "< 6 bytes, 9000"


@pytest.mark.parametrize("apdu", [b"\x00\x20\x00\x91\x05" + b"2580", b"\x00\x20\x00", b"258", b""])
def test_bytes_that_are_no_command_show_their_length_at_most(apdu: bytes) -> None:
    lines: list[str] = []
    Traced(Silent(), lines.append).transmit(apdu)
    assert lines[0] == f"> unreadable command of {len(apdu)} bytes"


def test_debug_does_not_switch_the_traffic_on(caplog: pytest.LogCaptureFixture) -> None:
    assert TRAFFIC < logging.DEBUG
    with caplog.at_level(logging.DEBUG):
        Traced(Silent()).transmit(bytes.fromhex("00200091"))
    assert caplog.records == []
    with caplog.at_level(TRAFFIC, logger="nfc.traffic"):
        Traced(Silent()).transmit(bytes.fromhex("00200091"))
    assert [record.getMessage() for record in caplog.records] == ["> 00 20 00 91", "< 6 bytes, 9000"]
