"""What OpenSC 0.23 asks of a card, command by command, and what it must be answered (recorded trace, card.md 15)."""

from __future__ import annotations

import pytest
from cryptography import x509

from card_sim.card import SimulatedCard
from card_sim.wallet import Wallet
from tests.card_sim.conftest import NOW
from tests.card_sim.talk import AUTH_PIN, SIGN_PASSWORD, Talk

FOREIGN_PROBES = (
    *("00A4040007627601FF000000", "00A4040006A00000000101", "00A404000BE82B0601040181C31F020100"),
    *("00A4040C0FD23300000045737445494420763335", "00CADF3005", "00CB3FFF035C017E08"),
    *("00A4040009A0000003080000100000", "00A4040009A0000003080000100000"),
    *("00A4040C07A000000116DB0000", "00A4040C07A000000079100000"),
    *(f"00A4040C07A00000007901{number:02X}00" for number in range(16)),
    *("00A404000CF276A288BCFBA69D34F31001", "00A4040009A0000003974254465900", "00A4040006D2760001240100"),
)
ANSWERS = {"00CADF3005": "6A88", "00CB3FFF035C017E08": "6D00"}
"""All others are SELECTs of applications that this card does not have: 6A82. GET DATA is a command of this card, so an
unknown object is 6A88 (card.md 13; in the trace, of a card without the command, 6D00); GET DATA by CB is none."""

SELECT_JPKI_FOR_OPENSC = "00A4040C0AD392F000260100000001"
DIGEST_INFO = "3031300D0609608648016503040201050004200D3239224936EEB0BDD3A5DA62D6AF96E11EDA25DED250BC45F2AD4120343897"


def test_opensc_probes_29_times_for_other_cards() -> None:
    assert len(FOREIGN_PROBES) == 29


@pytest.mark.parametrize("application", [None, "00A4040C0AD392F000260100000001"], ids=["cold", "JPKI selected"])
@pytest.mark.parametrize("probe", [pytest.param(p, id=f"{n:02}-{p}") for n, p in enumerate(FOREIGN_PROBES, 1)])
def test_a_probe_for_another_card_is_refused_with_its_own_word(talk: Talk, probe: str, application: str | None) -> None:
    """card.md 13, 15 and 19: 6A82, 6A88 or 6D00, never 9000, and never with data."""
    if application is not None:
        assert talk.send(application) == "9000"
    assert talk.send(probe) == ANSWERS.get(probe, "6A82")


def test_the_probes_leave_no_trace_on_the_session(talk: Talk) -> None:
    talk.send(SELECT_JPKI_FOR_OPENSC)
    assert talk.verify("98", AUTH_PIN) == "9000"
    for probe in FOREIGN_PROBES:
        talk.send(probe)
    assert talk.status(f"802A009733{DIGEST_INFO}00") == "9000"


def test_recognition_by_the_application_id(talk: Talk) -> None:
    assert talk.send(SELECT_JPKI_FOR_OPENSC) == "9000"


@pytest.mark.parametrize("person_id", ["TP-CANARY", "TP-18", "TP-28"])
def test_binding_gets_a_number_of_tries_for_both_pins_of_every_card(wallet: Wallet, person_id: str) -> None:
    """Also of a card with a blocked PIN, and of a child's without signature certificate: else the whole is refused."""
    talk = Talk.powered(wallet.open_card(person_id, NOW))
    assert talk.send(SELECT_JPKI_FOR_OPENSC) == "9000"
    for key in ("0018", "001B"):
        assert talk.send(f"00A4020C02{key}") == "9000"
        assert talk.send("00200080").startswith("63C")


def read_as_opensc_does(talk: Talk, fid: str) -> bytes:
    assert talk.send(f"00A4020C02{fid}") == "9000"
    head = talk.data("00B0000004")
    assert head.startswith(b"\x30\x82")
    size = int.from_bytes(head[2:4]) + 4
    content = b""
    while len(content) < size:
        content += talk.data(f"00B0{len(content):04X}{min(256, size - len(content)) & 0xFF:02X}")
    return content


def test_certificates_are_read_in_steps_with_an_exact_end(talk: Talk) -> None:
    talk.send(SELECT_JPKI_FOR_OPENSC)
    own = x509.load_der_x509_certificate(read_as_opensc_does(talk, "000A"))
    assert talk.send("00A4020C020001") == "9000"
    assert talk.send("00B0000004") == "6982"
    own.verify_directly_issued_by(x509.load_der_x509_certificate(read_as_opensc_does(talk, "000B")))
    sign_root = x509.load_der_x509_certificate(read_as_opensc_does(talk, "0002"))
    talk.send("00A4020C02001B")
    assert talk.verify("80", SIGN_PASSWORD) == "9000"
    x509.load_der_x509_certificate(read_as_opensc_does(talk, "0001")).verify_directly_issued_by(sign_root)


@pytest.mark.parametrize(
    ("pin_file", "pin", "key_file", "full"),
    [("0018", AUTH_PIN, "0017", "63C3"), ("001B", SIGN_PASSWORD, "001A", "63C5")],
)
def test_login_and_signature(talk: Talk, pin_file: str, pin: bytes, key_file: str, full: str) -> None:
    talk.send(SELECT_JPKI_FOR_OPENSC)
    for _ in range(2):  # it logs in twice with the signature key; the query in between answers a number
        assert talk.send(f"00A4020C02{pin_file}") == "9000"
        assert talk.send("00200080") == full
        assert talk.verify("80", pin) == "9000"
    assert talk.send(f"00A4020C02{key_file}") == "9000"
    assert len(talk.data(f"802A008033{DIGEST_INFO}00")) == 256


def test_a_wrong_pin_is_told_with_what_is_left(card: SimulatedCard) -> None:
    talk = Talk.powered(card)
    talk.send(SELECT_JPKI_FOR_OPENSC)
    talk.send("00A4020C020018")
    assert [talk.verify("80", b"0000") for _ in range(3)] == ["63C2", "63C1", "63C0"]
    assert talk.verify("80", AUTH_PIN) == "6984"
