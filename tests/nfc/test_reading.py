"""How files are read (card.md section 5): by short id, by the object's own length, with every quirk of a card."""

from collections.abc import Callable

import pytest

from nfc.problems import Outcome
from nfc.procedures import read_authentication_certificate, read_four_information, read_whole
from tests.nfc.scripted_card import NAME_A, VECTOR_A, ScriptedCard, certificate, sw
from tests.nfc.sessions import AUTH, TEXT, read, refused


def reads(card: ScriptedCard) -> list[str]:
    return [apdu.hex().upper() for apdu in card.sent if apdu[:2] in (b"\x00\xb0", b"\x00\xc0") or apdu[2] == 0x02]


def test_a_long_file_is_read_in_steps_of_256_with_an_exact_last_one() -> None:
    card = ScriptedCard(certificate=certificate(1346) + b"\xff" * 500)
    assert read(read_authentication_certificate(), card) == certificate(1346)
    assert reads(card) == ["00B08A0000", "00B0010000", "00B0020000", "00B0030000", "00B0040000", "00B0050042"]


@pytest.mark.parametrize("filler", [0, 1, 152, 153, 1000])
def test_filler_of_any_size_costs_no_further_read(filler: int) -> None:
    card = ScriptedCard(four_information=VECTOR_A + b"\xff" * filler)
    assert read(read_four_information(TEXT), card).name == NAME_A
    assert reads(card) == ["00B0820000"]


def test_6986_selects_the_file_once_and_repeats_the_same_read() -> None:
    selected: list[bool] = []

    def override(apdu: bytes, index: int) -> bytes | None:
        if apdu[:3] == b"\x00\xa4\x02":
            selected.append(True)
        return sw(0x6986) if apdu[:3] == b"\x00\xb0\x01" and not selected else None

    card = ScriptedCard(override=override)
    assert read(read_authentication_certificate(), card) == certificate(1400)
    assert reads(card)[:4] == ["00B08A0000", "00B0010000", "00A4020C02000A", "00B0010000"]


def test_a_card_that_keeps_answering_6986_is_given_up() -> None:
    card = ScriptedCard(override=lambda apdu, _: sw(0x6986) if apdu[1] == 0xB0 else None)
    assert refused(read_authentication_certificate(), card).outcome is Outcome.ORDER_BUG
    assert reads(card) == ["00B08A0000", "00A4020C02000A", "00B0000000"]


def test_the_end_of_the_file_before_the_end_of_the_object_is_malformed() -> None:
    cut = ScriptedCard(certificate=certificate(1400)[:512])
    assert refused(read_authentication_certificate(), cut).outcome is Outcome.MALFORMED
    assert reads(cut)[-1] == "00B0020000", "6B00 ends the loop"


@pytest.mark.parametrize("content", [b"", b"\x30", b"\x30\x82", b"\x30\x80\x00\x00", b"\x31\x02AA", b"\xff" * 300])
def test_a_file_without_a_proper_object_is_malformed(content: bytes) -> None:
    assert refused(read_authentication_certificate(), ScriptedCard(certificate=content)).outcome is Outcome.MALFORMED


def test_an_object_over_the_limit_is_not_read_at_all() -> None:
    card = ScriptedCard(certificate=certificate(4097))
    assert refused(read_authentication_certificate(), card).outcome is Outcome.MALFORMED
    assert len(reads(card)) == 1


def test_6282_gives_its_data_and_ends_the_loop() -> None:
    whole = ScriptedCard(override=lambda apdu, _: VECTOR_A + sw(0x6282) if apdu[1] == 0xB0 else None)
    assert read(read_four_information(TEXT), whole).name == NAME_A
    part = ScriptedCard(override=lambda apdu, _: VECTOR_A[:50] + sw(0x6282) if apdu[1] == 0xB0 else None)
    assert refused(read_four_information(TEXT), part).outcome is Outcome.MALFORMED
    assert len(reads(part)) == 1


def test_6281_stops_because_the_data_may_be_damaged() -> None:
    card = ScriptedCard(override=lambda apdu, _: VECTOR_A + sw(0x6281) if apdu[1] == 0xB0 else None)
    assert refused(read_four_information(TEXT), card).outcome is Outcome.CARD_FAULT


def test_6cxx_repeats_a_read_once_with_that_length() -> None:
    card = ScriptedCard(override=lambda apdu, _: sw(0x6C68) if apdu == bytes.fromhex("00B0820000") else None)
    assert read(read_four_information(TEXT), card).name == NAME_A
    assert reads(card) == ["00B0820000", "00B0820068"]
    stubborn = ScriptedCard(override=lambda apdu, _: sw(0x6C68) if apdu[1] == 0xB0 else None)
    assert refused(read_four_information(TEXT), stubborn).outcome is Outcome.CARD_FAULT
    assert len(reads(stubborn)) == 2


def test_61xx_is_fetched_and_never_for_ever() -> None:
    def override(apdu: bytes, index: int) -> bytes | None:
        if apdu[1] == 0xB0:
            return VECTOR_A[:100] + sw(0x6104)
        return VECTOR_A[100:] + sw(0x9000) if apdu == bytes.fromhex("00C0000004") else None

    card = ScriptedCard(override=override)
    assert read(read_four_information(TEXT), card).name == NAME_A
    endless = ScriptedCard(override=lambda apdu, _: sw(0x6100) if apdu[1] in (0xB0, 0xC0) else None)
    assert refused(read_four_information(TEXT), endless).outcome is Outcome.CARD_FAULT
    assert reads(endless).count("00C0000000") == 64


def test_a_card_that_answers_in_crumbs_is_given_up_after_a_number_of_reads() -> None:
    crumbs = iter(certificate(1400))
    card = ScriptedCard(override=lambda apdu, _: bytes((next(crumbs),)) + sw(0x9000) if apdu[1] == 0xB0 else None)
    assert refused(read_authentication_certificate(), card).outcome is Outcome.MALFORMED
    assert len(reads(card)) == 64


def test_an_answer_without_data_and_without_error_ends_the_loop() -> None:
    card = ScriptedCard(override=lambda apdu, _: sw(0x9000) if apdu[1] == 0xB0 else None)
    assert refused(read_four_information(TEXT), card).outcome is Outcome.MALFORMED
    assert len(reads(card)) == 1


# Extended length: off unless asked for, and never the reason for a failure.


def is_extended_read(apdu: bytes) -> bool:
    return apdu[1] == 0xB0 and len(apdu) == 7


def test_extended_length_reads_the_certificate_at_once() -> None:
    card = ScriptedCard()
    assert read(read_authentication_certificate(extended=True), card) == certificate(1400)
    assert reads(card) == ["00B08A00000000"]


def lost_message(apdu: bytes, index: int) -> bytes | None:
    return b"" if is_extended_read(apdu) else None


@pytest.mark.parametrize(
    "override",
    [
        lambda apdu, _: sw(0x6700) if is_extended_read(apdu) else None,
        lambda apdu, _: sw(0x6F00) if is_extended_read(apdu) else None,
        lost_message,
    ],
    ids=["6700", "6F00", "no answer"],
)
def test_without_extended_length_the_rest_of_the_session_is_read_in_short_steps(
    override: Callable[[bytes, int], bytes | None],
) -> None:
    card = ScriptedCard(override=override)
    reading = read(read_whole(TEXT, AUTH, b"m", issuer_check=lambda *_: "genuine", extended=True), card)
    assert reading.certificate == certificate(1400)
    assert [apdu.hex().upper() for apdu in card.sent if is_extended_read(apdu)] == ["00B08300000000"]
    assert reads(card)[1:3] == ["00B08300000000", "00B0830000"]


def test_an_extended_read_that_gives_a_part_is_finished_in_short_steps() -> None:
    card = ScriptedCard(
        override=lambda apdu, _: certificate(1400)[:1000] + sw(0x9000) if is_extended_read(apdu) else None
    )
    assert read(read_authentication_certificate(extended=True), card) == certificate(1400)
    assert reads(card) == ["00B08A00000000", "00B003E800", "00A4020C02000A", "00B003E800", "00B004E890"]


def test_a_missing_certificate_is_told_with_extended_length_too() -> None:
    card = ScriptedCard(certificate=None)
    assert refused(read_authentication_certificate(extended=True), card).outcome is Outcome.NO_CERTIFICATE
