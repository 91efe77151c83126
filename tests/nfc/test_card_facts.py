"""Basic information, the authority's certificate, the live-card proof, and declared extended length (P5, P8)."""

import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from nfc.basic_information import BasicInformation, parse
from nfc.problems import Outcome
from nfc.procedures import (
    CardProof,
    ExtendedLength,
    Procedure,
    identify,
    preview,
    prove_card,
    read_authentication_certificate,
    read_authority_certificate,
    read_basic_information,
    read_four_information,
    read_whole,
)
from nfc.tlv import TlvError
from tests.nfc.scripted_card import (
    BASIC_INFORMATION,
    CARD_KEY_RECORD,
    SIGNING_KEY,
    ScriptedCard,
    certificate,
    sw,
)
from tests.nfc.sessions import AUTH, TEXT, read, refused

NOT_DECLARED = BASIC_INFORMATION.replace(bytes.fromhex("01030E01"), bytes.fromhex("01000E01"))


def facts() -> Procedure[BasicInformation]:
    yield from identify()
    return (yield from read_basic_information())


def test_the_basic_information_of_the_specification_is_read_in_one_command() -> None:
    assert len(BASIC_INFORMATION) == 164
    card = ScriptedCard()
    information = read(facts(), card)
    assert (information.version, information.extended_length, information.vendor) == (1, True, 0x0E)
    assert information.key_id == BASIC_INFORMATION[15:31]
    assert card.sent[-1].hex().upper() == "00B0850000"


def test_a_card_may_declare_that_it_has_no_extended_length() -> None:
    assert not parse(NOT_DECLARED).extended_length


@pytest.mark.parametrize(
    "content",
    [
        b"",
        BASIC_INFORMATION[:100],
        b"\xff\x41" + BASIC_INFORMATION[2:],
        bytes.fromhex("FF4005DF4102010300"),
        bytes.fromhex("FF400BDF410401030E01DF420111"),
        bytes.fromhex("FF4000"),
    ],
)
def test_basic_information_of_another_form_is_malformed(content: bytes) -> None:
    with pytest.raises(TlvError):
        parse(content)
    assert refused(facts(), ScriptedCard(basic_information=content)).outcome is Outcome.MALFORMED


def test_the_authoritys_own_certificate_is_read_from_000b() -> None:
    def session() -> Procedure[bytes]:
        yield from read_authentication_certificate()
        return (yield from read_authority_certificate())

    card = ScriptedCard()
    assert read(session(), card) == certificate(950)
    assert "00B08B0000" in [apdu.hex().upper() for apdu in card.sent]


def live() -> Procedure[CardProof]:
    yield from read_four_information(TEXT)
    return (yield from prove_card(b"c" * 32))


def test_the_live_card_proof_signs_the_sha256_of_the_challenge_with_the_applications_own_key() -> None:
    card = ScriptedCard()
    proof = read(live(), card)
    assert proof.key_record == CARD_KEY_RECORD
    SIGNING_KEY.public_key().verify(proof.signature, b"c" * 32, PKCS1v15(), SHA256())
    info = "3031300D060960864801650304020105000420" + hashlib.sha256(b"c" * 32).hexdigest().upper()
    assert card.sent[-1].hex().upper() == "802A000033" + info + "00"
    assert "proof" in repr(proof).lower()
    assert repr(proof) == "CardProof()"


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (sw(0x6982), Outcome.ORDER_BUG),
        (sw(0x6F00), Outcome.CARD_FAULT),
        (bytes(255) + sw(0x9000), Outcome.MALFORMED),
    ],
)
def test_a_card_that_cannot_prove_itself_is_told_and_not_asked_again(answer: bytes, outcome: Outcome) -> None:
    card = ScriptedCard(override=lambda apdu, _: answer if apdu[1] == 0x2A else None)
    assert refused(live(), card).outcome is outcome
    assert [apdu[1] for apdu in card.sent].count(0x2A) == 1


# Extended length where the card declares it.


def extended_reads(card: ScriptedCard) -> list[str]:
    return [apdu.hex().upper() for apdu in card.sent if apdu[1] == 0xB0 and len(apdu) == 7]


def test_declared_extended_length_is_used_and_the_second_meeting_knows_it() -> None:
    card = ScriptedCard()
    seen = read(preview(extended=ExtendedLength.DECLARED), card)
    assert seen.extended_length
    assert extended_reads(card) == ["00B08A00000000"]


@pytest.mark.parametrize("content", [NOT_DECLARED, b"\xff" * 164])
def test_extended_length_that_is_not_declared_is_not_tried(content: bytes) -> None:
    card = ScriptedCard(basic_information=content)
    seen = read(preview(extended=ExtendedLength.DECLARED), card)
    assert seen.certificate == certificate(1400)
    assert not seen.extended_length
    assert extended_reads(card) == []


def test_a_declaration_that_is_not_kept_is_forgotten_at_the_first_failure() -> None:
    card = ScriptedCard(extended=False)
    seen = read(preview(extended=ExtendedLength.DECLARED), card)
    assert not seen.extended_length
    reading = read(read_whole(TEXT, AUTH, b"m", extended=ExtendedLength.DECLARED), ScriptedCard(extended=False))
    assert reading.certificate == seen.certificate == certificate(1400)


def test_by_default_no_extended_length_is_tried_and_nothing_is_asked() -> None:
    card = ScriptedCard()
    assert not read(preview(), card).extended_length
    assert extended_reads(card) == []
    assert "00B0850000" not in [apdu.hex().upper() for apdu in card.sent]
