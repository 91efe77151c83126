"""The OCSP responder of the TEST issuer (RFC 6960): true answers, and every kind that must not be believed.

Without input or output of its own; `card_sim.ocsp_server` serves it over HTTP.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ReasonFlags, ocsp

from card_sim.certificates import Purpose, Root
from card_sim.issuer import GENERATIONS, REPORTED, TestIssuer

BACKDATED_BY: Final = timedelta(minutes=5)
LIFETIME: Final = timedelta(hours=12)
STALE_BY: Final = timedelta(days=3)
REQUEST_MAX: Final = 4096


class OcspVariant(Enum):
    """How the responder answers."""

    TRUE = "true"
    """What the issuer knows about the certificate."""
    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"
    STALE = "stale"
    FORGED = "forged"
    WRONG_SERIAL = "wrong_serial"
    MISSING_EKU = "missing_eku"
    NONCE_WRONG = "nonce_wrong"
    NONCE_LEFT_OUT = "nonce_left_out"


class SignedBy(Enum):
    """Whose key signs the answers."""

    CA = "ca"
    DELEGATED = "delegated"


class _Signer(NamedTuple):
    key: RSAPrivateKey
    certificate: x509.Certificate


@dataclass(frozen=True)
class _Status:
    status: ocsp.OCSPCertStatus
    since: datetime | None = None
    reason: ReasonFlags | None = None


_GOOD: Final = _Status(ocsp.OCSPCertStatus.GOOD)
_UNKNOWN: Final = _Status(ocsp.OCSPCertStatus.UNKNOWN)


@dataclass(frozen=True)
class Responder:
    """Answers requests about certificates of all TEST roots."""

    issuer: TestIssuer
    variant: OcspVariant = OcspVariant.TRUE
    signed_by: SignedBy = SignedBy.CA

    def answer(self, request: bytes, at: datetime) -> bytes:
        """The response (DER) to a request (DER), as of a moment. Never raises for what a client may send."""
        try:
            asked = ocsp.load_der_ocsp_request(request)
            digest = asked.hash_algorithm
        except (ValueError, UnsupportedAlgorithm):
            return _unsuccessful(ocsp.OCSPResponseStatus.MALFORMED_REQUEST)
        root = next((root for root in self._roots() if _key_hash(root, digest) == asked.issuer_key_hash), None)
        if root is None:
            return _unsuccessful(ocsp.OCSPResponseStatus.UNAUTHORIZED)
        return self._respond(asked, digest, root, at)

    def _respond(self, asked: ocsp.OCSPRequest, digest: hashes.HashAlgorithm, root: Root, at: datetime) -> bytes:
        signer = self._signer(root)
        found = self._status(root, asked.serial_number, at)
        made = at - (STALE_BY if self.variant is OcspVariant.STALE else BACKDATED_BY)
        builder = ocsp.OCSPResponseBuilder().add_response_by_hash(
            issuer_name_hash=asked.issuer_name_hash,
            issuer_key_hash=asked.issuer_key_hash,
            serial_number=asked.serial_number + (self.variant is OcspVariant.WRONG_SERIAL),
            algorithm=digest,
            cert_status=found.status,
            this_update=made,
            next_update=made + LIFETIME,
            revocation_time=found.since,
            revocation_reason=found.reason,
        )
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, signer.certificate)
        if signer.certificate is not root.certificate:
            builder = builder.certificates([signer.certificate])
        for nonce in self._nonces(asked):
            builder = builder.add_extension(nonce, critical=False)
        response = builder.sign(signer.key, hashes.SHA256())
        der = response.public_bytes(Encoding.DER)
        if self.variant is OcspVariant.FORGED:
            # All is as the true responder says it, but for the signature, which is the impostor's.
            impostor = self.issuer.forged().root(root.purpose, root.generation).key
            signature = impostor.sign(response.tbs_response_bytes, padding.PKCS1v15(), hashes.SHA256())
            der = der.replace(response.signature, signature)
        return der

    def _status(self, root: Root, serial: int, at: datetime) -> _Status:
        if self.variant is OcspVariant.UNKNOWN:
            return _UNKNOWN
        if self.variant is OcspVariant.REVOKED:
            return _Status(ocsp.OCSPCertStatus.REVOKED, min(REPORTED, at - BACKDATED_BY), ReasonFlags.key_compromise)
        if self.variant is not OcspVariant.TRUE:
            return _GOOD
        line = self.issuer.revocation_of(root, serial)
        if line is not None:
            return _Status(ocsp.OCSPCertStatus.REVOKED, min(line.since, at - BACKDATED_BY), line.reason)
        return _GOOD if self.issuer.has_issued(root, serial) else _UNKNOWN

    def _signer(self, root: Root) -> _Signer:
        if self.variant is OcspVariant.MISSING_EKU:
            return _Signer(*self.issuer.responder(root, may_answer=False))
        if self.signed_by is SignedBy.DELEGATED:
            return _Signer(*self.issuer.responder(root))
        return _Signer(root.key, root.certificate)

    def _nonces(self, asked: ocsp.OCSPRequest) -> Iterable[x509.OCSPNonce]:
        """The nonce that was sent, as a true responder repeats it."""
        try:
            sent = asked.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
        except x509.ExtensionNotFound:
            return
        if self.variant is OcspVariant.NONCE_WRONG:
            sent = bytes(byte ^ 0xFF for byte in sent)
        if self.variant is not OcspVariant.NONCE_LEFT_OUT:
            yield x509.OCSPNonce(sent)

    def _roots(self) -> Iterable[Root]:
        return (self.issuer.root(purpose, generation.index) for purpose in Purpose for generation in GENERATIONS)


def _unsuccessful(status: ocsp.OCSPResponseStatus) -> bytes:
    return ocsp.OCSPResponseBuilder.build_unsuccessful(status).public_bytes(Encoding.DER)


def _key_hash(root: Root, digest: hashes.HashAlgorithm) -> bytes:
    """The hash of the root's public key as OCSP names it: of the bit string alone (RFC 6960, 4.1.1)."""
    own = x509.SubjectKeyIdentifier.from_public_key(root.key.public_key())
    if isinstance(digest, hashes.SHA1):
        return own.digest
    built = ocsp.OCSPRequestBuilder().add_certificate(root.certificate, root.certificate, digest).build()
    return built.issuer_key_hash
