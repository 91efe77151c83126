"""card.md 11, rows 2 to 6, in their order; every bad leaf of card.md 14."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given, settings
from hypothesis import strategies as st

from nfc.trust import AuthenticationVerdict, Revocation, TrustAnchor, verify_authentication
from tests.nfc_trust.hierarchy import (
    AUTHENTICATION_POLICY,
    MESSAGE,
    NOW,
    SIGNATURE_POLICY,
    Leaf,
    Root,
    key_usage,
    leaf_extensions,
    policies,
)

ROOT = Root("authentication 1")
SECOND_GENERATION = Root("authentication 2")
SIGNATURE_ROOT = Root("signature 1", purpose="signature")
ANCHORS = (ROOT.anchor(), SECOND_GENERATION.anchor())
LEAF = Leaf(ROOT)


def judge(
    leaf: Leaf = LEAF,
    *,
    der: bytes | None = None,
    signature: bytes | None = None,
    message: bytes = MESSAGE,
    anchors: tuple[TrustAnchor, ...] = ANCHORS,
    at: datetime = NOW,
) -> AuthenticationVerdict:
    return verify_authentication(
        certificate_der=leaf.der() if der is None else der,
        message=message,
        signature=leaf.signature() if signature is None else signature,
        anchors=anchors,
        crls=(),
        at=at,
    )


def without(kind: type[x509.ExtensionType]) -> list[tuple[x509.ExtensionType, bool]]:
    return [(extension, critical) for extension, critical in leaf_extensions() if not isinstance(extension, kind)]


def test_a_genuine_certificate_and_signature_are_accepted_and_revocation_is_said_to_be_unchecked() -> None:
    verdict = judge()
    assert verdict == AuthenticationVerdict(
        result="ok",
        revocation=Revocation.NOT_CHECKED,
        revocation_reason=None,
        environment="test",
        not_before=LEAF.not_before,
        not_after=LEAF.not_after,
    )


def test_roots_of_one_name_are_told_apart_by_their_key() -> None:
    assert SECOND_GENERATION.name == ROOT.name
    assert judge(Leaf(SECOND_GENERATION)).result == "ok"
    assert judge(Leaf(SECOND_GENERATION), anchors=ANCHORS[:1]).result == "untrusted"


def test_the_environment_of_the_verdict_is_that_of_the_root() -> None:
    assert judge(anchors=(ROOT.anchor("production"),)).environment == "production"


# Row 2


def test_bytes_after_the_certificate_are_refused() -> None:
    assert judge(der=LEAF.der() + b"\x00").result == "bad_certificate"


@pytest.mark.parametrize("der", [b"", b"\x30", b"\x30\x82", b"\xff" * 4096, b"no certificate"])
def test_what_is_no_certificate_is_refused(der: bytes) -> None:
    assert judge(der=der).result == "bad_certificate"


def test_a_certificate_above_4096_bytes_is_refused_unread() -> None:
    big = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), bytes(4096))
    large = LEAF.with_changes(extensions=[*leaf_extensions(), (big, False)])
    assert len(large.der()) > 4096
    assert judge(large).result == "bad_certificate"
    small = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), bytes(2048))
    assert judge(LEAF.with_changes(extensions=[*leaf_extensions(), (small, False)])).result == "ok"


def test_an_rsa_1024_key_is_refused() -> None:
    assert judge(LEAF.with_changes(key_label="weak", key_bits=1024)).result == "bad_certificate"


def test_an_rsa_3072_key_is_refused_because_the_profile_says_2048_exactly() -> None:
    assert judge(LEAF.with_changes(key_label="strong", key_bits=3072)).result == "bad_certificate"


def test_an_elliptic_curve_key_is_refused() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    der = (
        x509.CertificateBuilder()
        .subject_name(ROOT.name)
        .issuer_name(ROOT.name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(LEAF.not_before)
        .not_valid_after(LEAF.not_after)
        .sign(ROOT.key, hashes.SHA256())
        .public_bytes(serialization.Encoding.DER)
    )
    assert judge(der=der, signature=key.sign(MESSAGE, ec.ECDSA(hashes.SHA256()))).result == "bad_certificate"


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_damaged_certificate_is_never_accepted_and_never_raises(data: st.DataObject) -> None:
    der = bytearray(LEAF.der())
    position = data.draw(st.integers(0, len(der) - 1))
    der[position] ^= data.draw(st.integers(1, 255))
    assert judge(der=bytes(der)).result != "ok"


# Row 3


def test_a_signature_over_another_message_is_refused() -> None:
    assert judge(message=MESSAGE + b"!").result == "bad_signature"


def test_a_signature_by_another_key_is_refused() -> None:
    assert judge(signature=LEAF.with_changes(key_label="other leaf").signature()).result == "bad_signature"


def test_a_signature_with_another_hash_or_padding_is_refused() -> None:
    sha1 = LEAF.key.sign(MESSAGE, padding.PKCS1v15(), hashes.SHA512())
    pss = LEAF.key.sign(MESSAGE, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
    assert judge(signature=sha1).result == "bad_signature"
    assert judge(signature=pss).result == "bad_signature"


@pytest.mark.parametrize("length", [0, 255, 257])
def test_a_signature_of_another_length_is_refused(length: int) -> None:
    assert judge(signature=bytes(length)).result == "bad_signature"


def test_the_signature_is_judged_before_the_chain() -> None:
    assert judge(signature=bytes(256), anchors=()).result == "bad_signature"


# Row 4


def test_without_roots_nobody_is_trusted() -> None:
    assert judge(anchors=()).result == "untrusted"


def test_a_certificate_of_the_other_hierarchy_is_untrusted_when_only_the_right_roots_are_known() -> None:
    assert judge(Leaf(SIGNATURE_ROOT)).result == "untrusted"


def test_a_signature_certificate_offered_for_authentication_has_the_wrong_purpose() -> None:
    signing = leaf_extensions(SIGNATURE_POLICY, usage=("digital_signature", "content_commitment"))
    by_signature_root = Leaf(SIGNATURE_ROOT, extensions=signing)
    assert judge(by_signature_root, anchors=(*ANCHORS, SIGNATURE_ROOT.anchor())).result == "wrong_purpose"
    assert judge(LEAF.with_changes(extensions=signing)).result == "wrong_purpose"


def test_a_forged_root_of_the_same_name_is_untrusted() -> None:
    assert judge(Leaf(Root("forged"))).result == "untrusted"


def test_a_forged_root_that_also_claims_the_key_identifier_is_untrusted() -> None:
    class Impostor(Root):
        @property
        def identifier(self) -> x509.SubjectKeyIdentifier:
            return ROOT.identifier

    assert judge(Leaf(Impostor("forged"))).result == "untrusted"


def test_the_issuer_name_must_be_equal_byte_for_byte() -> None:
    class OtherName(Root):
        @property
        def key(self):  # type: ignore[no-untyped-def]  # same key as ROOT under another name
            return ROOT.key

    assert judge(Leaf(OtherName("authentication 1", organisation="test-not-jpki"))).result == "untrusted"


def test_a_certificate_without_authority_key_identifier_is_untrusted() -> None:
    assert judge(LEAF.with_changes(with_authority_key_identifier=False)).result == "untrusted"


def test_a_certificate_not_signed_with_sha256_is_untrusted() -> None:
    assert judge(LEAF.with_changes(digest=hashes.SHA384())).result == "untrusted"


def test_a_certificate_signed_with_sha1_is_untrusted() -> None:
    sha256, sha1 = bytes.fromhex("06092A864886F70D01010B"), bytes.fromhex("06092A864886F70D010105")
    genuine = LEAF.certificate()
    body = genuine.tbs_certificate_bytes.replace(sha256, sha1)
    signature = ROOT.key.sign(body, padding.PKCS1v15(), hashes.SHA1())
    rest = bytes.fromhex("300D") + sha1 + bytes.fromhex("0500") + bytes.fromhex("0382010100") + signature
    der = b"\x30\x82" + (len(body) + len(rest)).to_bytes(2, "big") + body + rest
    assert x509.load_der_x509_certificate(der).signature_hash_algorithm.name == "sha1"
    assert judge(der=der).result == "untrusted"


def test_before_the_chain_is_proven_the_certificate_says_nothing_about_itself() -> None:
    verdict = judge(anchors=())
    assert (verdict.environment, verdict.not_before, verdict.not_after) == (None, None, None)


# Row 5


def test_an_expired_certificate_is_told_as_expired_with_its_end() -> None:
    verdict = judge(LEAF.with_changes(not_after=NOW - timedelta(seconds=1)))
    assert (verdict.result, verdict.not_after) == ("expired", NOW - timedelta(seconds=1))


def test_a_certificate_is_valid_from_its_first_to_its_last_second() -> None:
    assert judge(at=LEAF.not_before).result == "ok"
    assert judge(at=LEAF.not_after).result == "ok"
    assert judge(at=LEAF.not_before - timedelta(seconds=1)).result == "not_yet_valid"
    assert judge(at=LEAF.not_after + timedelta(seconds=1)).result == "expired"


def test_a_root_that_has_expired_takes_its_certificates_with_it() -> None:
    old = Root("old", not_before=NOW - timedelta(days=3650), not_after=NOW - timedelta(days=1))
    assert judge(Leaf(old), anchors=(old.anchor(),)).result == "expired"


def test_a_root_that_is_not_yet_valid_is_refused() -> None:
    young = Root("young", not_before=NOW + timedelta(days=1))
    assert judge(Leaf(young), anchors=(young.anchor(),)).result == "not_yet_valid"


def test_the_time_needs_a_zone() -> None:
    with pytest.raises(ValueError, match="time zone"):
        judge(at=NOW.replace(tzinfo=None))
    assert judge(at=NOW.astimezone(UTC)).result == "ok"


# Row 6

UNKNOWN_CRITICAL = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.392.99999.1"), b"\x05\x00")
EMAIL_ONLY = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])

WRONG_PROFILES: dict[str, list[tuple[x509.ExtensionType, bool]]] = {
    "wrong policy": leaf_extensions("1.2.392.200149.8.5.1.3.31"),
    "policy not critical": [*without(x509.CertificatePolicies), (policies(AUTHENTICATION_POLICY), False)],
    "no policy": without(x509.CertificatePolicies),
    "key usage with keyCertSign": leaf_extensions(usage=("digital_signature", "key_cert_sign")),
    "key usage without digitalSignature": leaf_extensions(usage=("key_encipherment",)),
    "key usage not critical": [*without(x509.KeyUsage), (key_usage("digital_signature"), False)],
    "no key usage": without(x509.KeyUsage),
    "CA:TRUE": [*leaf_extensions(), (x509.BasicConstraints(ca=True, path_length=None), True)],
    "unknown critical extension": [*leaf_extensions(), (UNKNOWN_CRITICAL, True)],
    "extended key usage without clientAuth": [*leaf_extensions(), (EMAIL_ONLY, False)],
}


@pytest.mark.parametrize("case", WRONG_PROFILES)
def test_a_certificate_outside_the_profile_is_refused(case: str) -> None:
    assert judge(LEAF.with_changes(extensions=WRONG_PROFILES[case])).result == "wrong_profile"


ALLOWED: dict[str, tuple[x509.ExtensionType, bool]] = {
    "unknown extension that is not critical": (UNKNOWN_CRITICAL, False),
    "CA:FALSE": (x509.BasicConstraints(ca=False, path_length=None), True),
    "clientAuth": (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False),
    "any extended key usage": (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]), False),
}


@pytest.mark.parametrize("case", ALLOWED)
def test_what_the_profile_leaves_open_is_accepted(case: str) -> None:
    assert judge(LEAF.with_changes(extensions=[*leaf_extensions(), ALLOWED[case]])).result == "ok"


def test_validity_is_judged_before_the_profile() -> None:
    both = LEAF.with_changes(extensions=without(x509.KeyUsage), not_after=NOW - timedelta(days=1))
    assert judge(both).result == "expired"
