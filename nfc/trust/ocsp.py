"""Revocation asked for one certificate at a responder (RFC 6960; card.md 11, row 7): request, and judging the answer.

As with lists, `good` and `revoked` are said only by an answer that proves itself: signed by the very root or by a
responder that this root named for the purpose, about this certificate, fresh, and to this very question. Everything
else is `not_checked`. Nothing here goes over a network.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, SignatureAlgorithmOID

from nfc.trust.anchors import TrustAnchor
from nfc.trust.revocation import CLOCK_SLACK, UNREADABLE, Revocation, RevocationVerdict, is_listed

MAX_RESPONSE_BYTES: Final = 64 * 1024
MAX_ANSWERS: Final = 8
NONCE_BYTES: Final = 32
"""RFC 9654: 32 bytes, and no responder may refuse them."""

_NOT_CHECKED: Final = RevocationVerdict(Revocation.NOT_CHECKED)
_UNDERSTOOD: Final = frozenset({x509.OCSPNonce.oid})
_RESPONDER_UNDERSTOOD: Final = frozenset(
    {
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.CERTIFICATE_POLICIES,
    }
)


@dataclass(frozen=True, slots=True)
class OcspAnswer:
    """A responder's answer (DER) and the nonce of the question it answers; None where none was sent."""

    der: bytes
    nonce: bytes | None


class _Unusable(Exception):
    """The answer proves nothing."""


def build_ocsp_request(certificate: x509.Certificate, issuer: TrustAnchor, nonce: bytes) -> bytes:
    """The question (DER) about one certificate. `nonce` is fresh, from a random source, and kept for the answer.

    Raises ValueError for a nonce of another length than `NONCE_BYTES`.
    """
    if len(nonce) != NONCE_BYTES:
        raise ValueError(f"a nonce has {NONCE_BYTES} bytes")
    # The CertID names the issuer by SHA-1 because every responder understands that (RFC 6960, 4.3; RFC 5019, 2.1.1): it
    # only says which certificate is meant, and nothing is believed for its sake. The signature is judged apart.
    question = (certificate, issuer.certificate, hashes.SHA1())  # noqa: S303  # a name, no proof
    builder = ocsp.OCSPRequestBuilder().add_certificate(*question)
    return builder.add_extension(x509.OCSPNonce(nonce), critical=False).build().public_bytes(serialization.Encoding.DER)


def check_ocsp(
    certificate: x509.Certificate,
    issuer: TrustAnchor,
    answer: OcspAnswer,
    at: datetime,
    crls: Sequence[bytes] = (),
) -> RevocationVerdict:
    """What one answer says about `certificate`, which `issuer` was proven to have signed; `at` is the server's time.

    `crls` may take a delegated responder's own authority away. Never raises on the content of the answer.
    """
    try:
        return _judge(certificate, issuer, answer, at, crls)
    except (_Unusable, InvalidSignature, KeyError, *UNREADABLE):
        return _NOT_CHECKED


def combine(*verdicts: RevocationVerdict) -> RevocationVerdict:
    """One verdict of several sources: whoever says revoked wins, then whoever says good (card.md 11)."""
    for state in (Revocation.REVOKED, Revocation.GOOD):
        for verdict in verdicts:
            if verdict.state is state:
                return verdict
    return _NOT_CHECKED


def _judge(
    certificate: x509.Certificate, issuer: TrustAnchor, answer: OcspAnswer, at: datetime, crls: Sequence[bytes]
) -> RevocationVerdict:
    _require(len(answer.der) <= MAX_RESPONSE_BYTES)
    response = ocsp.load_der_ocsp_response(answer.der)
    _require(response.response_status is ocsp.OCSPResponseStatus.SUCCESSFUL)
    _check_nonce(response, answer.nonce)
    for extensions in (response.extensions, response.single_extensions):
        _require(all(not extension.critical or extension.oid in _UNDERSTOOD for extension in extensions))
    _check_signature(response, _signing_key(response, issuer, at, crls))
    single = _single_about(response, certificate, issuer)
    _check_freshness(single, at)
    match single.certificate_status:
        case ocsp.OCSPCertStatus.GOOD:
            return RevocationVerdict(Revocation.GOOD)
        case ocsp.OCSPCertStatus.REVOKED:
            reason = single.revocation_reason or x509.ReasonFlags.unspecified
            return RevocationVerdict(Revocation.REVOKED, reason.value)
        case _:
            return _NOT_CHECKED


def _check_nonce(response: ocsp.OCSPResponse, nonce: bytes | None) -> None:
    """An answer without our nonce may be an old one that somebody kept."""
    if nonce is None:
        return
    try:
        given = response.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
    except x509.ExtensionNotFound:
        raise _Unusable from None
    _require(hmac.compare_digest(given, nonce))


def _single_about(
    response: ocsp.OCSPResponse, certificate: x509.Certificate, issuer: TrustAnchor
) -> ocsp.OCSPSingleResponse:
    """The one part about this certificate. Two that contradict each other are no answer."""
    found = [single for single in response.responses if _is_about(single, certificate, issuer)]
    _require(len(found) == 1)
    return found[0]


def _is_about(single: ocsp.OCSPSingleResponse, certificate: x509.Certificate, issuer: TrustAnchor) -> bool:
    """Serial, issuer's name and issuer's key: the name alone is shared by all generations."""
    if single.serial_number != certificate.serial_number or single.hash_algorithm.name not in ("sha1", "sha256"):
        return False

    def digest(value: bytes) -> bytes:
        return hashlib.new(single.hash_algorithm.name, value).digest()

    key = issuer.public_key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1)
    return single.issuer_name_hash == digest(issuer.certificate.subject.public_bytes()) and (
        single.issuer_key_hash == digest(key)
    )


def _check_freshness(single: ocsp.OCSPSingleResponse, at: datetime) -> None:
    next_update = single.next_update_utc
    _require(next_update is not None)  # an answer without an end could be replayed for ever
    assert next_update is not None
    _require(single.this_update_utc - CLOCK_SLACK <= at < next_update + CLOCK_SLACK)


def _signing_key(
    response: ocsp.OCSPResponse, issuer: TrustAnchor, at: datetime, crls: Sequence[bytes]
) -> rsa.RSAPublicKey:
    """The key that had to sign: the root's own, or that of a responder it delegated."""
    if _is_named(response, issuer.certificate):
        return issuer.public_key
    for candidate in response.certificates:
        if _is_named(response, candidate):
            return _delegated_key(candidate, issuer, at, crls)
    raise _Unusable


def _is_named(response: ocsp.OCSPResponse, certificate: x509.Certificate) -> bool:
    if response.responder_name is not None:
        return response.responder_name.public_bytes() == certificate.subject.public_bytes()
    key = certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        return False
    encoded = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1)
    return response.responder_key_hash == hashlib.sha1(encoded, usedforsecurity=False).digest()


def _delegated_key(
    responder: x509.Certificate, issuer: TrustAnchor, at: datetime, crls: Sequence[bytes]
) -> rsa.RSAPublicKey:
    """A responder is believed when the same root signed its certificate for this purpose (RFC 6960, 4.2.2.2)."""
    key = responder.public_key()
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size < issuer.public_key.key_size:
        raise _Unusable
    _require(responder.issuer.public_bytes() == issuer.certificate.subject.public_bytes())
    _require(responder.signature_algorithm_oid == SignatureAlgorithmOID.RSA_WITH_SHA256)
    responder.verify_directly_issued_by(issuer.certificate)
    _require(responder.not_valid_before_utc <= at <= responder.not_valid_after_utc)
    extensions = responder.extensions
    _require(all(not extension.critical or extension.oid in _RESPONDER_UNDERSTOOD for extension in extensions))
    try:
        purposes = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        raise _Unusable from None
    _require(ExtendedKeyUsageOID.OCSP_SIGNING in purposes)
    for extension in extensions:
        if isinstance(extension.value, x509.KeyUsage):
            _require(extension.value.digital_signature)
        if isinstance(extension.value, x509.BasicConstraints):
            _require(not extension.value.ca)
    _require(not is_listed(responder, issuer, crls, at))
    return key


def _check_signature(response: ocsp.OCSPResponse, key: rsa.RSAPublicKey) -> None:
    _require(response.signature_algorithm_oid == SignatureAlgorithmOID.RSA_WITH_SHA256)
    key.verify(response.signature, response.tbs_response_bytes, padding.PKCS1v15(), hashes.SHA256())


def _require(condition: bool) -> None:
    if not condition:
        raise _Unusable
