"""Trust configuration: what does not fit the environment stops the start-up (card.md 14)."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from nfc.trust import AnchorError, load_anchors, load_cv_keys
from tests.nfc_trust.hierarchy import KEY_ID, NOW, Root, modulus, rsa_key

TEST_ROOT = Root("authentication 1")
REAL_LOOKING_ROOT = Root("authentication 1", organisation="JPKI")
PROVENANCE = b"Provenance: the operator, by hand, 2026-11-01, fingerprint compared by two people\n"


def write(folder: Path, name: str, content: bytes) -> Path:
    (folder / name).write_bytes(content)
    return folder


def test_all_generations_are_read_and_keep_purpose_and_environment(tmp_path: Path) -> None:
    write(tmp_path, "authentication-1.pem", TEST_ROOT.pem())
    write(tmp_path, "authentication-2.pem", PROVENANCE + Root("authentication 2").pem())
    write(tmp_path, "signature-1.pem", Root("signature 1", purpose="signature").pem())
    write(tmp_path, "readme.txt", b"not a root")
    anchors = load_anchors(tmp_path, "test")
    assert [(anchor.purpose, anchor.environment) for anchor in anchors] == [
        ("authentication", "test"),
        ("authentication", "test"),
        ("signature", "test"),
    ]
    assert anchors[0].provenance == ""
    assert anchors[1].provenance.startswith("the operator, by hand")


def test_a_folder_without_an_authentication_root_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(AnchorError, match="no authentication"):
        load_anchors(tmp_path, "test")
    write(tmp_path, "signature-1.pem", Root("signature 1", purpose="signature").pem())
    with pytest.raises(AnchorError, match="no authentication"):
        load_anchors(tmp_path, "test")


def test_a_test_root_is_refused_in_production_even_with_provenance(tmp_path: Path) -> None:
    write(tmp_path, "authentication-1.pem", PROVENANCE + TEST_ROOT.pem())
    with pytest.raises(AnchorError, match="TEST root"):
        load_anchors(tmp_path, "production")


def test_a_production_root_is_refused_in_the_test_environment(tmp_path: Path) -> None:
    write(tmp_path, "authentication-1.pem", PROVENANCE + REAL_LOOKING_ROOT.pem())
    with pytest.raises(AnchorError, match="not a TEST root"):
        load_anchors(tmp_path, "test")


def test_production_needs_a_recorded_provenance(tmp_path: Path) -> None:
    write(tmp_path, "authentication-1.pem", REAL_LOOKING_ROOT.pem())
    with pytest.raises(AnchorError, match="Provenance"):
        load_anchors(tmp_path, "production")
    write(tmp_path, "authentication-1.pem", PROVENANCE + REAL_LOOKING_ROOT.pem())
    assert load_anchors(tmp_path, "production")[0].environment == "production"


def test_a_production_signature_root_filed_as_authentication_root_is_noticed(tmp_path: Path) -> None:
    root = Root("signature 1", purpose="signature", organisation="JPKI")
    write(tmp_path, "authentication-1.pem", PROVENANCE + root.pem())
    with pytest.raises(AnchorError, match="does not say"):
        load_anchors(tmp_path, "production")


def test_an_expired_root_is_still_read_so_that_its_cards_hear_the_true_reason(tmp_path: Path) -> None:
    old = Root("old", not_before=NOW - timedelta(days=4000), not_after=NOW - timedelta(days=300))
    assert len(load_anchors(write(tmp_path, "authentication-1.pem", old.pem()), "test")) == 1


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "not a PEM"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "not a PEM"),
        (TEST_ROOT.pem() * 2, "exactly one"),
        (b"x" * 70_000, "larger than"),
        (Root("authentication 1", is_ca=False).pem(), "not a CA"),
        (Root("authentication 1", usage=("key_cert_sign",)).pem(), "key usage"),
    ],
)
def test_what_is_no_single_root_certificate_is_refused_with_the_file_name(
    tmp_path: Path, content: bytes, told: str
) -> None:
    with pytest.raises(AnchorError, match=rf"authentication-1\.pem: .*{told}"):
        load_anchors(write(tmp_path, "authentication-1.pem", content), "test")


MODULUS = f"{modulus(rsa_key('cv root')):0512x}"
PRODUCTION_ID = (b"5" + KEY_ID[1:]).hex()
JLIS_TEST_ID = (b"6" + KEY_ID[1:]).hex()


def keys_file(tmp_path: Path, content: object) -> Path:
    path = tmp_path / "cv_keys.json"
    path.write_text(json.dumps(content))
    return path


def test_issuer_keys_are_read_with_all_16_bytes_of_their_id(tmp_path: Path) -> None:
    keys = load_cv_keys(keys_file(tmp_path, {KEY_ID.hex(): MODULUS}), "test")
    assert list(keys) == [KEY_ID]
    assert keys[KEY_ID].environment == "test"


def test_production_takes_only_production_keys_with_provenance(tmp_path: Path) -> None:
    good = {PRODUCTION_ID: {"modulus": MODULUS, "provenance": "compared by two people"}}
    assert len(load_cv_keys(keys_file(tmp_path, good), "production")) == 1
    for bad in (
        {PRODUCTION_ID: MODULUS},
        {KEY_ID.hex(): {"modulus": MODULUS, "provenance": "x"}},
        {JLIS_TEST_ID: {"modulus": MODULUS, "provenance": "x"}},
    ):
        with pytest.raises(AnchorError):
            load_cv_keys(keys_file(tmp_path, bad), "production")


@pytest.mark.parametrize(
    "content",
    [
        [],
        {"zz": MODULUS},
        {KEY_ID.hex(): 5},
        {KEY_ID.hex(): "zz"},
        {KEY_ID.hex(): "03"},
        {KEY_ID.hex(): MODULUS[:-1] + "0"},
        {KEY_ID.hex()[:-2]: MODULUS},
        {PRODUCTION_ID: MODULUS},
    ],
)
def test_an_unfit_key_file_stops_the_start(tmp_path: Path, content: object) -> None:
    with pytest.raises(AnchorError):
        load_cv_keys(keys_file(tmp_path, content), "test")


def test_a_key_file_that_is_no_json_stops_the_start(tmp_path: Path) -> None:
    path = tmp_path / "cv_keys.json"
    path.write_bytes(b"{")
    with pytest.raises(AnchorError, match="not JSON"):
        load_cv_keys(path, "test")
