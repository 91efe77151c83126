"""card.md 9: the signed copy of the four items, step by step, and the bad cards of card.md 14."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nfc.four_information import signed_part
from nfc.trust import CvKey, IssuerVerdict, check_issuer
from nfc.trust.anchors import Environment
from tests.nfc_trust.hierarchy import (
    KEY_ID,
    cv_certificate,
    four_information_file,
    integrity_record,
    modulus,
    rsa_key,
)

CV_ROOT = rsa_key("cv root")
TOWN = rsa_key("town")
KEYS = {KEY_ID: CvKey(modulus(CV_ROOT), environment="test")}

ITEMS = four_information_file()
CERTIFICATE = cv_certificate(CV_ROOT, TOWN)


def record(items: bytes = ITEMS) -> bytearray:
    return integrity_record(TOWN, signed_part(items))


def check(
    items: bytes = ITEMS,
    ef0003: bytearray | None = None,
    certificate: bytes = CERTIFICATE,
    keys: dict[bytes, CvKey] = KEYS,
    environment: Environment = "test",
) -> IssuerVerdict:
    return check_issuer(items, record() if ef0003 is None else ef0003, certificate, keys, environment)


def test_a_card_as_issued_is_genuine() -> None:
    assert len(CERTIFICATE) == 568
    assert len(record()) == 336
    assert check() is IssuerVerdict.GENUINE


def test_another_filler_changes_nothing() -> None:
    assert check(items=four_information_file(filler=0)) is IssuerVerdict.GENUINE
    assert check(items=four_information_file(filler=90)) is IssuerVerdict.GENUINE


def test_filler_after_the_records_changes_nothing() -> None:
    assert check(ef0003=record() + b"\xff" * 9, certificate=CERTIFICATE + b"\xff" * 9) is IssuerVerdict.GENUINE


@pytest.mark.parametrize("broken", ["good", "forged", "short"])
def test_n3_the_integrity_record_is_zeros_afterwards_whatever_the_verdict(broken: str) -> None:
    ef0003 = record()
    if broken == "forged":
        ef0003[-1] ^= 1
    if broken == "short":
        del ef0003[100:]
    check(ef0003=ef0003)
    assert not any(ef0003)
    assert len(ef0003) in {336, 100}


def test_a_changed_name_is_not_genuine() -> None:
    assert check(items=four_information_file("試験　太郎")) is IssuerVerdict.NOT_GENUINE


def test_a_change_of_the_offset_table_alone_is_malformed_because_the_hash_does_not_cover_it() -> None:
    assert check(items=four_information_file(offset_error=1)) is IssuerVerdict.MALFORMED


def test_the_record_of_another_card_is_not_genuine() -> None:
    assert check(ef0003=record(four_information_file("別人　二郎"))) is IssuerVerdict.NOT_GENUINE


def test_a_record_signed_by_another_town_is_not_genuine() -> None:
    foreign = integrity_record(rsa_key("other town"), signed_part(ITEMS))
    assert check(ef0003=foreign) is IssuerVerdict.NOT_GENUINE


def test_a_certificate_by_a_forged_issuer_of_the_same_id_is_not_genuine() -> None:
    forged = cv_certificate(rsa_key("forged cv root"), TOWN)
    assert check(certificate=forged) is IssuerVerdict.NOT_GENUINE


def test_an_unknown_issuer_means_nothing_was_checked() -> None:
    other_id = b"9990002" + KEY_ID[7:]
    assert check(certificate=cv_certificate(CV_ROOT, TOWN, other_id)) is IssuerVerdict.UNKNOWN_ISSUER
    assert check(keys={}) is IssuerVerdict.UNKNOWN_ISSUER


def test_all_16_bytes_of_the_key_id_count() -> None:
    last_byte_differs = KEY_ID[:-1] + b"\xa8"
    assert check(certificate=cv_certificate(CV_ROOT, TOWN, last_byte_differs)) is IssuerVerdict.UNKNOWN_ISSUER


def test_a_key_of_another_environment_is_not_looked_at() -> None:
    assert check(environment="production") is IssuerVerdict.UNKNOWN_ISSUER


@pytest.mark.parametrize("header", ["900301000391820100", "9003010001918200FF"])
def test_a_certified_key_of_another_form_is_malformed(header: str) -> None:
    assert check(certificate=cv_certificate(CV_ROOT, TOWN, key_header=header)) is IssuerVerdict.MALFORMED


def test_parts_in_another_order_are_malformed() -> None:
    good = record()
    swapped = good[:5] + good[5 + 35 : 5 + 70] + good[5 : 5 + 35] + good[5 + 70 :]
    assert check(ef0003=swapped) is IssuerVerdict.MALFORMED


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["items", "record", "certificate"]), st.integers(0, 10_000), st.integers(1, 255))
def test_a_damaged_file_is_never_genuine_and_never_raises(which: str, position: int, flip: int) -> None:
    parts = {
        "items": bytearray(four_information_file(filler=0)),
        "record": record(),
        "certificate": bytearray(CERTIFICATE),
    }
    damaged = parts[which]
    damaged[position % len(damaged)] ^= flip
    verdict = check_issuer(bytes(parts["items"]), parts["record"], bytes(parts["certificate"]), KEYS, "test")
    assert verdict is not IssuerVerdict.GENUINE


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=64), st.binary(max_size=64), st.binary(max_size=64))
def test_any_bytes_are_malformed_and_never_raise(items: bytes, ef0003: bytes, certificate: bytes) -> None:
    assert check_issuer(items, bytearray(ef0003), certificate, KEYS, "test") is IssuerVerdict.MALFORMED
