"""Every bad certificate of card.md section 14 is refused by a relying service, and for its own reason (section 11)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import Encoding

from card_sim import bad_leaves
from card_sim.bad_leaves import BadLeaf
from card_sim.certificates import Purpose
from card_sim.issuer import TestIssuer
from card_sim.keys import KeyStore
from card_sim.people import load_people
from nfc.trust import TrustAnchor, verify_authentication
from tests.card_sim_verdicts.conftest import HOLDER, NOW

MESSAGE = b"todoke-card-session-v1\x00" + bytes(64)

VERDICTS = {
    BadLeaf.WRONG_POLICY: "wrong_profile",
    BadLeaf.POLICY_NOT_CRITICAL: "wrong_profile",
    BadLeaf.SIGNS_CERTIFICATES: "wrong_profile",
    BadLeaf.IS_A_CA: "wrong_profile",
    BadLeaf.UNKNOWN_CRITICAL_EXTENSION: "wrong_profile",
    BadLeaf.RSA_1024: "bad_certificate",
    BadLeaf.SHA1: "untrusted",
    BadLeaf.EXPIRED: "expired",
    BadLeaf.NOT_YET_VALID: "not_yet_valid",
    BadLeaf.SIGNED_BY_OTHER_ROOT: "untrusted",
    BadLeaf.FORGED_ROOT: "untrusted",
    BadLeaf.EXPIRED_ROOT: "untrusted",
    BadLeaf.SIGNATURE_CERTIFICATE: "untrusted",
    BadLeaf.TRAILING_BYTES: "bad_certificate",
}


def made(kind: BadLeaf, issuer: TestIssuer, state_dir: Path) -> tuple[bytes, bytes]:
    """The certificate, and a right signature by its key."""
    der, key = bad_leaves.make(kind, issuer, load_people()[HOLDER], KeyStore(state_dir / "bad"), NOW)
    return der, key.sign(MESSAGE, padding.PKCS1v15(), hashes.SHA256())


def verdict(der: bytes, signature: bytes, anchors: Sequence[TrustAnchor]) -> str:
    return verify_authentication(
        certificate_der=der, message=MESSAGE, signature=signature, anchors=anchors, crls=[], at=NOW
    ).result


@pytest.mark.parametrize("kind", list(BadLeaf))
def test_it_is_refused_for_its_own_reason(
    issuer: TestIssuer, state_dir: Path, anchors: Sequence[TrustAnchor], kind: BadLeaf
) -> None:
    assert verdict(*made(kind, issuer, state_dir), anchors) == VERDICTS[kind]


def test_an_expired_root_that_is_pinned_is_expired(
    issuer: TestIssuer, state_dir: Path, anchors: Sequence[TrustAnchor]
) -> None:
    expired = replace(anchors[0], certificate=issuer.expired_root(Purpose.AUTHENTICATION).certificate)
    assert verdict(*made(BadLeaf.EXPIRED_ROOT, issuer, state_dir), [*anchors, expired]) == "expired"


def test_a_signature_certificate_is_told_from_an_unknown_one_where_its_root_is_known(
    issuer: TestIssuer, state_dir: Path, anchors: Sequence[TrustAnchor]
) -> None:
    root = replace(anchors[0], certificate=issuer.root(Purpose.SIGNATURE, 2).certificate, purpose="signature")
    assert verdict(*made(BadLeaf.SIGNATURE_CERTIFICATE, issuer, state_dir), [*anchors, root]) == "wrong_purpose"


@pytest.mark.parametrize("kind", [kind for kind in BadLeaf if kind is not BadLeaf.TRAILING_BYTES])
def test_it_differs_from_a_good_one_in_that_point_only(issuer: TestIssuer, state_dir: Path, kind: BadLeaf) -> None:
    """It is a whole certificate that says TEST, whose key id matches the root it names."""
    der, _ = made(kind, issuer, state_dir)
    leaf = x509.load_der_x509_certificate(der)
    assert leaf.public_bytes(Encoding.DER) == der
    assert "TEST-NOT-JPKI" in leaf.issuer.rfc4514_string()
    assert leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)


def test_the_sha1_certificate_has_a_right_sha1_signature(issuer: TestIssuer, state_dir: Path) -> None:
    der, _ = made(BadLeaf.SHA1, issuer, state_dir)
    leaf = x509.load_der_x509_certificate(der)
    assert isinstance(leaf.signature_hash_algorithm, hashes.SHA1)
    digest = hashes.Hash(hashes.SHA1())
    digest.update(leaf.tbs_certificate_bytes)
    key = issuer.root(Purpose.AUTHENTICATION, 2).key.public_key()
    recovered = key.recover_data_from_signature(leaf.signature, padding.PKCS1v15(), None)
    assert recovered.endswith(digest.finalize())
