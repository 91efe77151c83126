"""card.md 9, liveness: a live card of a genuine issuer, and what that does not prove (card.md 14, bad cards)."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from nfc.trust import CardProofVerdict, CvKey, check_card_proof
from nfc.trust.anchors import Environment
from tests.nfc_trust.hierarchy import KEY_ID, card_key_record, cv_certificate, modulus, rsa_key

CV_ROOT, TOWN, CARD = rsa_key("cv root"), rsa_key("town"), rsa_key("card")
KEYS = {KEY_ID: CvKey(modulus(CV_ROOT), environment="test")}
CERTIFICATE = cv_certificate(CV_ROOT, TOWN)
RECORD = card_key_record(TOWN, CARD)
CHALLENGE = bytes(range(32))


def signature(key: rsa.RSAPrivateKey = CARD, challenge: bytes = CHALLENGE) -> bytes:
    return key.sign(challenge, padding.PKCS1v15(), hashes.SHA256())


def check(
    record: bytes = RECORD,
    certificate: bytes = CERTIFICATE,
    signed: bytes | None = None,
    keys: dict[bytes, CvKey] = KEYS,
    environment: Environment = "test",
) -> CardProofVerdict:
    made = signature() if signed is None else signed
    return check_card_proof(certificate, record, CHALLENGE, made, keys=keys, environment=environment)


def test_a_live_card_of_a_known_issuer_is_told() -> None:
    assert len(RECORD) == 536
    assert check() is CardProofVerdict.LIVE
    assert check(record=RECORD + b"\xff" * 20) is CardProofVerdict.LIVE


@pytest.mark.parametrize(
    "signed",
    [signature(rsa_key("another card")), signature(challenge=bytes(32)), bytes(256), b"", signature()[:-1]],
    ids=["another key", "another challenge", "zeros", "nothing", "cut"],
)
def test_a_signature_of_another_key_or_challenge_is_not_live(signed: bytes) -> None:
    assert check(signed=signed) is CardProofVerdict.NOT_LIVE


def test_a_card_key_that_the_issuer_did_not_sign_is_not_live() -> None:
    own = rsa_key("forger")
    assert check(record=card_key_record(own, own), signed=signature(own)) is CardProofVerdict.NOT_LIVE


def test_a_chain_that_the_issuer_key_did_not_sign_is_not_live() -> None:
    forged = cv_certificate(rsa_key("forger"), TOWN)
    assert check(certificate=forged) is CardProofVerdict.NOT_LIVE


def test_an_unknown_issuer_or_one_of_another_environment_means_that_nothing_was_checked() -> None:
    assert check(keys={}) is CardProofVerdict.UNKNOWN_ISSUER
    assert check(environment="production") is CardProofVerdict.UNKNOWN_ISSUER


def test_the_record_of_another_card_of_the_same_issuer_passes_with_that_cards_signature() -> None:
    """Documented limit: nothing ties this key to the four items read beside it."""
    other = rsa_key("another card")
    assert check(record=card_key_record(TOWN, other), signed=signature(other)) is CardProofVerdict.LIVE


@pytest.mark.parametrize(
    "record",
    [b"", RECORD[:100], b"\xff\x51" + RECORD[2:], RECORD[:5] + RECORD[275:]],
    ids=["empty", "cut", "other tag", "without its middle"],
)
def test_a_record_of_another_form_is_malformed(record: bytes) -> None:
    assert check(record=record) is CardProofVerdict.MALFORMED


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(RECORD) - 1), st.integers(1, 255))
def test_no_changed_byte_of_the_record_stays_live(position: int, change: int) -> None:
    changed = bytearray(RECORD)
    changed[position] ^= change
    assert check(record=bytes(changed)) in (CardProofVerdict.NOT_LIVE, CardProofVerdict.MALFORMED)


def test_a_challenge_of_another_length_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="32"):
        check_card_proof(CERTIFICATE, RECORD, b"short", signature(), keys=KEYS, environment="test")
