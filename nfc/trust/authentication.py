"""Is this signature from the key of a genuine, valid user-authentication certificate? (card.md 11, rows 2 to 7)

The rows are checked in the order of the table and the first that fails names the result, so that a person hears the
true reason: an expired certificate of a real card is `expired`, a perfect forgery of its name is `untrusted`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, TypeAlias, TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509 import verification
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, SignatureAlgorithmOID

from nfc.trust.anchors import Environment, TrustAnchor
from nfc.trust.ocsp import MAX_ANSWERS, OcspAnswer, check_ocsp, combine
from nfc.trust.revocation import UNREADABLE, Revocation, RevocationVerdict, check_revocation

AuthenticationResult: TypeAlias = Literal[
    "ok",
    "bad_certificate",
    "bad_signature",
    "untrusted",
    "expired",
    "not_yet_valid",
    "wrong_profile",
    "wrong_purpose",
]

MAX_CERTIFICATE_BYTES: Final = 4096
KEY_BITS: Final = 2048
PUBLIC_EXPONENT: Final = 65537

AUTHENTICATION_POLICY: Final = x509.ObjectIdentifier("1.2.392.200149.8.5.1.3.30")
# The card's signature certificate, and the one of a phone (card.md 10): right hierarchy of keys, wrong use.
SIGNATURE_POLICIES: Final = frozenset(
    {x509.ObjectIdentifier("1.2.392.200149.8.5.1.1.20"), x509.ObjectIdentifier("1.2.392.200149.8.5.1.1.40")}
)
_UNDERSTOOD: Final = frozenset(
    {
        ExtensionOID.KEY_USAGE,
        ExtensionOID.CERTIFICATE_POLICIES,
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
        ExtensionOID.SUBJECT_KEY_IDENTIFIER,
        ExtensionOID.ISSUER_ALTERNATIVE_NAME,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
        ExtensionOID.CRL_DISTRIBUTION_POINTS,
        ExtensionOID.AUTHORITY_INFORMATION_ACCESS,
    }
)


_ExtensionT = TypeVar("_ExtensionT", bound=x509.ExtensionType)


@dataclass(frozen=True, slots=True)
class AuthenticationVerdict:
    """What was proven.

    `environment` and the two dates (aware, UTC) are given once the chain is proven, whatever fails after it; before
    that the certificate's own word is worth nothing and they are None. `revocation` is looked at only when `result` is
    "ok"; it never changes `result`: the policy of the operation decides what `revoked` and `not_checked` mean.
    """

    result: AuthenticationResult
    revocation: Revocation = Revocation.NOT_CHECKED
    revocation_reason: str | None = None
    environment: Environment | None = None
    not_before: datetime | None = None
    not_after: datetime | None = None


class _Refused(Exception):
    """One row of the table failed."""

    def __init__(self, result: AuthenticationResult) -> None:
        super().__init__(result)
        self.result: AuthenticationResult = result


def verify_authentication(
    *,
    certificate_der: bytes,
    message: bytes,
    signature: bytes,
    anchors: Sequence[TrustAnchor],
    crls: Sequence[bytes],
    at: datetime,
    ocsp: Sequence[OcspAnswer] = (),
) -> AuthenticationVerdict:
    """Judge a card's answer to a challenge (card.md 11, rows 2 to 7; row 1 is the caller's, before any cryptography).

    `message` is rebuilt by the caller (`nfc.challenge.signed_bytes`), never taken from the client. `anchors` are the
    pinned roots of the configured environment, `crls` DER lists as they were fetched, `ocsp` responders' answers with
    the nonces of their questions, `at` the server's time. Between list and responder, `revoked` wins.
    Never raises on certificate, signature or CRL content; raises ValueError when `at` has no time zone.
    """
    if at.tzinfo is None:
        raise ValueError("the time of verification needs a time zone")
    try:
        certificate, key = _check_certificate(certificate_der)
        _check_signature(key, message, signature)
        anchor = _check_chain(certificate, anchors)
    except _Refused as refusal:
        return AuthenticationVerdict(refusal.result)

    revocation = RevocationVerdict(Revocation.NOT_CHECKED)
    result: AuthenticationResult = "ok"
    try:
        _check_validity(certificate, anchor, at)
        _check_profile(certificate)
        _check_against_library(certificate, anchor, at)
        answers = (check_ocsp(certificate, anchor, answer, at, crls) for answer in ocsp[:MAX_ANSWERS])
        revocation = combine(check_revocation(certificate, anchor, crls, at), *answers)
    except _Refused as refusal:
        result = refusal.result
    return AuthenticationVerdict(
        result=result,
        revocation=revocation.state,
        revocation_reason=revocation.reason,
        environment=anchor.environment,
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
    )


def issuing_anchor(
    certificate_der: bytes, anchors: Sequence[TrustAnchor]
) -> tuple[x509.Certificate, TrustAnchor] | None:
    """The certificate and the pinned authentication root that signed it, for asking that root's responder; else None.

    Says nothing about validity, profile or revocation: that is `verify_authentication`.
    """
    try:
        certificate, _ = _check_certificate(certificate_der)
        return certificate, _check_chain(certificate, anchors)
    except _Refused:
        return None


def _check_certificate(der: bytes) -> tuple[x509.Certificate, rsa.RSAPublicKey]:
    """Row 2: one DER object without a rest, version 3, RSA-2048 with the usual exponent, readable extensions."""
    if not 0 < len(der) <= MAX_CERTIFICATE_BYTES:
        raise _Refused("bad_certificate")
    try:
        certificate = x509.load_der_x509_certificate(der)
        key = certificate.public_key()
        # The library parses these on first use; once here, so that no later row meets a broken one.
        tuple(certificate.extensions), certificate.issuer, certificate.subject
        # The person key is a hash of these bytes, so two encodings of one certificate must not both pass.
        canonical = certificate.public_bytes(serialization.Encoding.DER) == der
    except UNREADABLE:
        raise _Refused("bad_certificate") from None
    if not canonical or certificate.version is not x509.Version.v3 or not isinstance(key, rsa.RSAPublicKey):
        raise _Refused("bad_certificate")
    if key.key_size != KEY_BITS or key.public_numbers().e != PUBLIC_EXPONENT:
        raise _Refused("bad_certificate")
    return certificate, key


def _check_signature(key: rsa.RSAPublicKey, message: bytes, signature: bytes) -> None:
    """Row 3."""
    try:
        key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        raise _Refused("bad_signature") from None


def _check_chain(certificate: x509.Certificate, anchors: Sequence[TrustAnchor]) -> TrustAnchor:
    """Row 4: the pinned root that issued it. Generations share a name: chosen by key id, decided by signature."""
    for anchor in anchors:
        if _is_issued_by(certificate, anchor):
            if anchor.purpose != "authentication":
                raise _Refused("wrong_purpose")
            return anchor
    raise _Refused("untrusted")


def _is_issued_by(certificate: x509.Certificate, anchor: TrustAnchor) -> bool:
    root = anchor.certificate
    if certificate.issuer.public_bytes() != root.subject.public_bytes():
        return False
    if certificate.signature_algorithm_oid != SignatureAlgorithmOID.RSA_WITH_SHA256:
        return False
    try:
        authority = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    except x509.ExtensionNotFound:
        return False
    if authority.key_identifier != anchor.subject_key_identifier:
        return False
    try:
        certificate.verify_directly_issued_by(root)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def _check_validity(certificate: x509.Certificate, anchor: TrustAnchor, at: datetime) -> None:
    """Row 5: leaf and root, both ends included."""
    for each in (certificate, anchor.certificate):
        if at < each.not_valid_before_utc:
            raise _Refused("not_yet_valid")
        if at > each.not_valid_after_utc:
            raise _Refused("expired")


def _check_profile(certificate: x509.Certificate) -> None:
    """Row 6."""
    extensions = certificate.extensions
    policies = _find(extensions, x509.CertificatePolicies)
    policy_ids = {policy.policy_identifier for policy in policies.value} if policies else set()
    if policy_ids & SIGNATURE_POLICIES:
        raise _Refused("wrong_purpose")

    constraints = _find(extensions, x509.BasicConstraints)
    usage = _find(extensions, x509.KeyUsage)
    extended = _find(extensions, x509.ExtendedKeyUsage)
    fits = (
        (constraints is None or not constraints.value.ca)
        and usage is not None
        and usage.critical
        and usage.value.digital_signature
        and not usage.value.key_cert_sign
        and policies is not None
        and policies.critical
        and AUTHENTICATION_POLICY in policy_ids
        and all(not extension.critical or extension.oid in _UNDERSTOOD for extension in extensions)
        and (
            extended is None
            or ExtendedKeyUsageOID.CLIENT_AUTH in extended.value
            or ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE in extended.value
        )
    )
    if not fits:
        raise _Refused("wrong_profile")


def _check_against_library(certificate: x509.Certificate, anchor: TrustAnchor, at: datetime) -> None:
    """A second reading by the library's own path validation, with the one proven root as its store.

    Its default policy refuses critical certificatePolicies and so every JPKI certificate; hence a policy of our own.
    It cannot tell why it refuses, so it comes last: what it alone finds is a certificate outside the profile.
    """
    leaf_policy = (
        verification.ExtensionPolicy.permit_all()
        .may_be_present(x509.BasicConstraints, verification.Criticality.AGNOSTIC, None)
        .require_present(x509.KeyUsage, verification.Criticality.CRITICAL, None)
        .require_present(x509.CertificatePolicies, verification.Criticality.CRITICAL, None)
    )
    root_policy = (
        verification.ExtensionPolicy.permit_all()
        .require_present(x509.BasicConstraints, verification.Criticality.CRITICAL, None)
        .require_present(x509.KeyUsage, verification.Criticality.CRITICAL, None)
    )
    try:
        (
            verification.PolicyBuilder()
            .store(verification.Store([anchor.certificate]))
            .time(at)
            .max_chain_depth(0)
            .extension_policies(ca_policy=root_policy, ee_policy=leaf_policy)
            .build_client_verifier()
            .verify(certificate, [])
        )
    except (verification.VerificationError, ValueError, x509.UnsupportedGeneralNameType):
        raise _Refused("wrong_profile") from None


def _find(extensions: x509.Extensions, kind: type[_ExtensionT]) -> x509.Extension[_ExtensionT] | None:
    try:
        return extensions.get_extension_for_class(kind)
    except x509.ExtensionNotFound:
        return None
