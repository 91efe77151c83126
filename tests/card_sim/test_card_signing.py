"""card.md sections 5 and 13: COMPUTE DIGITAL SIGNATURE, checked with the keys the card hands out."""

from __future__ import annotations

import hashlib

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa, utils

from tests.card_sim.talk import (
    AUTH_PIN,
    DIGEST_INFO_PREFIX,
    SELECT_JPKI,
    SELECT_TEXT,
    SIGN_PASSWORD,
    Talk,
)

MESSAGE = b"todoke test message"
DIGEST = hashlib.sha256(MESSAGE).digest()
DIGEST_INFO = bytes.fromhex(DIGEST_INFO_PREFIX) + DIGEST
PSS = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32)


def sign_command(data: bytes, p1: str = "00", p2: str = "97") -> str:
    return f"802A{p1}{p2}{len(data):02X}{data.hex()}00"


def certificate_key(talk: Talk, sfi: int) -> rsa.RSAPublicKey:
    key = x509.load_der_x509_certificate(talk.read_file(sfi)).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    return key


@pytest.fixture
def jpki(talk: Talk) -> Talk:
    talk.send(SELECT_JPKI)
    assert talk.verify("98", AUTH_PIN) == "9000"
    return talk


def test_an_authentication_signature_verifies_with_the_certificate(jpki: Talk) -> None:
    signature = jpki.data(sign_command(DIGEST_INFO))
    assert len(signature) == 256
    certificate_key(jpki, 0x0A).verify(signature, MESSAGE, padding.PKCS1v15(), hashes.SHA256())


def test_the_selected_key_can_be_named_80(jpki: Talk) -> None:
    jpki.send("00A4020C020017")
    assert jpki.data(sign_command(DIGEST_INFO, p2="80")) == jpki.data(sign_command(DIGEST_INFO))


def test_the_signature_key_has_its_own_password_and_certificate(jpki: Talk) -> None:
    assert jpki.send(sign_command(DIGEST_INFO, p2="9A")) == "6982"
    assert jpki.verify("9B", SIGN_PASSWORD) == "9000"
    signature = jpki.data(sign_command(DIGEST_INFO, p2="9A"))
    certificate_key(jpki, 0x01).verify(signature, MESSAGE, padding.PKCS1v15(), hashes.SHA256())


def test_without_the_pin_there_is_no_signature(talk: Talk) -> None:
    talk.send(SELECT_JPKI)
    assert talk.send(sign_command(DIGEST_INFO)) == "6982"


def test_the_pin_stays_verified_after_a_signature_and_the_result_is_the_same(jpki: Talk) -> None:
    assert jpki.data(sign_command(DIGEST_INFO)) == jpki.data(sign_command(DIGEST_INFO))


@pytest.mark.parametrize(
    ("p1", "data"),
    [("00", DIGEST_INFO), ("02", DIGEST), ("03", MESSAGE)],
)
def test_manners_that_end_in_the_same_signature(jpki: Talk, p1: str, data: bytes) -> None:
    assert jpki.data(sign_command(data, p1=p1)) == jpki.data(sign_command(DIGEST_INFO))


def test_a_bare_hash_is_signed_without_digest_info(jpki: Talk) -> None:
    signature = jpki.data(sign_command(MESSAGE, p1="01"))
    key = certificate_key(jpki, 0x0A)
    assert key.recover_data_from_signature(signature, padding.PKCS1v15(), None) == DIGEST


@pytest.mark.parametrize(("p1", "data"), [("04", DIGEST), ("05", MESSAGE)])
def test_pss_over_a_hash_or_hashed_by_the_card(jpki: Talk, p1: str, data: bytes) -> None:
    signature = jpki.data(sign_command(data, p1=p1))
    certificate_key(jpki, 0x0A).verify(signature, DIGEST, PSS, utils.Prehashed(hashes.SHA256()))


@pytest.mark.parametrize(
    ("apdu", "status"),
    [
        (sign_command(DIGEST_INFO, p1="06"), "6A86"),
        (sign_command(bytes(245)), "9000"),
        (sign_command(bytes(246)), "6985"),
        ("802A009700", "6985"),  # nothing to sign
        (sign_command(DIGEST + b"x", p1="02"), "6985"),
        (sign_command(DIGEST[:-1], p1="04"), "6985"),
        ("802A010000", "6A88"),  # JPKI has no key of its own
        (sign_command(DIGEST_INFO, p2="98"), "6A88"),
        (sign_command(DIGEST_INFO, p2="80"), "6986"),
        (sign_command(DIGEST_INFO, p2="17"), "6A86"),
        (sign_command(DIGEST_INFO, p2="B7"), "6A86"),
        (sign_command(DIGEST_INFO)[:-2], "6700"),  # no Le: nowhere to put the answer
        (sign_command(DIGEST_INFO)[:-2] + "10", "6700"),
    ],
)
def test_edges(jpki: Talk, apdu: str, status: str) -> None:
    assert jpki.status(apdu) == status


@pytest.mark.parametrize("p2", ["00", "93"])
def test_the_text_application_signs_with_0013_without_a_pin(talk: Talk, p2: str) -> None:
    talk.send(SELECT_TEXT)
    signature = talk.data(sign_command(DIGEST_INFO, p2=p2))
    talk.verify("91", b"2580")
    record = talk.read_file(0x07)
    modulus = int.from_bytes(record[19:275])
    key = rsa.RSAPublicNumbers(65_537, modulus).public_key()
    key.verify(signature, MESSAGE, padding.PKCS1v15(), hashes.SHA256())
