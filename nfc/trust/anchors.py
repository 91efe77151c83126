"""Pinned root certificates: the operator's configuration, read once at start-up (card.md 10 and 14).

An anchor that does not fit the configured environment stops the start-up: a TEST root that slipped into a production
folder would let anybody with the simulator be anyone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID, SignatureAlgorithmOID

Environment: TypeAlias = Literal["production", "test"]
Purpose: TypeAlias = Literal["authentication", "signature"]

PURPOSES: Final[tuple[Purpose, ...]] = ("authentication", "signature")
MAX_ANCHOR_FILE_BYTES: Final = 64 * 1024
MAX_ANCHORS: Final = 32

# The purpose is part of the distinguished name of every production root (card.md 10), so a root filed under the wrong
# name is noticed.
_PRODUCTION_UNIT: Final[dict[Purpose, str]] = {
    "authentication": "JPKI for user authentication",
    "signature": "JPKI for digital signature",
}
# RFC 7468 lets explanatory text stand before the BEGIN line; the operator records there where the root came from.
_PROVENANCE = re.compile(rb"^Provenance:[ \t]*(\S[^\r\n]*)$", re.MULTILINE)
_PEM_BEGIN: Final = b"-----BEGIN CERTIFICATE-----"


class AnchorError(ValueError):
    """The trust configuration is unusable or unsafe; the program must not start."""


@dataclass(frozen=True, slots=True)
class TrustAnchor:
    """One pinned root. `provenance` says where the operator took it from; empty only in the test environment."""

    certificate: x509.Certificate
    purpose: Purpose
    environment: Environment
    provenance: str

    @property
    def subject_key_identifier(self) -> bytes:
        """The root's SKI: all generations share one name, so the key identifier tells them apart."""
        return self.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest

    @property
    def public_key(self) -> rsa.RSAPublicKey:
        """The root's RSA key (its type was checked when the anchor was loaded)."""
        key = self.certificate.public_key()
        if not isinstance(key, rsa.RSAPublicKey):
            raise AnchorError("anchor key is not RSA")
        return key


def load_anchors(folder: Path, environment: Environment) -> list[TrustAnchor]:
    """Read `authentication-*.pem` (and `signature-*.pem`, kept only to recognise a certificate of the wrong purpose).

    A file holds one PEM certificate; a line `Provenance: ...` before it says where it came from and is obligatory in
    production. Raises AnchorError when the folder has no authentication root, or when any file is not a root of the
    card.md 10 profile, or belongs to another environment than `environment` (card.md 14). Expired roots are accepted
    here: certificates they issued are then refused as expired, which is the true reason.
    """
    anchors: list[TrustAnchor] = []
    for purpose in PURPOSES:
        for path in sorted(folder.glob(f"{purpose}-*.pem")):
            anchors.append(_load_anchor(path, purpose, environment))
    if not any(anchor.purpose == "authentication" for anchor in anchors):
        raise AnchorError("the trust folder holds no authentication-*.pem")
    if len(anchors) > MAX_ANCHORS:
        raise AnchorError(f"more than {MAX_ANCHORS} trust anchors")
    return anchors


def _load_anchor(path: Path, purpose: Purpose, environment: Environment) -> TrustAnchor:
    with path.open("rb") as stream:
        text = stream.read(MAX_ANCHOR_FILE_BYTES + 1)
    if len(text) > MAX_ANCHOR_FILE_BYTES:
        raise AnchorError(f"{path.name}: larger than {MAX_ANCHOR_FILE_BYTES} bytes")
    try:
        certificates = x509.load_pem_x509_certificates(text)
    except ValueError as error:
        raise AnchorError(f"{path.name}: not a PEM certificate") from error
    if len(certificates) != 1:
        raise AnchorError(f"{path.name}: must hold exactly one certificate")
    certificate = certificates[0]

    _check_root_profile(path.name, certificate)
    found = _PROVENANCE.search(text.partition(_PEM_BEGIN)[0])
    provenance = found.group(1).decode("utf-8", errors="replace").strip() if found else ""
    _check_environment(path.name, certificate, purpose, environment, provenance)
    return TrustAnchor(certificate, purpose, environment, provenance)


def _check_environment(
    name: str, certificate: x509.Certificate, purpose: Purpose, environment: Environment, provenance: str
) -> None:
    values = [str(attribute.value) for attribute in (*certificate.subject, *certificate.issuer)]
    is_test = any("TEST" in value.upper() for value in values)
    if environment == "test":
        if not is_test:
            raise AnchorError(f"{name}: not a TEST root, but the environment is test")
        return
    if is_test:
        raise AnchorError(f"{name}: a TEST root is never accepted in production")
    if not provenance:
        raise AnchorError(f"{name}: no 'Provenance:' line; production needs a recorded provenance")
    units = [
        attribute.value for attribute in certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)
    ]
    if _PRODUCTION_UNIT[purpose] not in units:
        raise AnchorError(f"{name}: the name of this root does not say '{_PRODUCTION_UNIT[purpose]}'")


def _check_root_profile(name: str, certificate: x509.Certificate) -> None:
    """The extensions and key every JPKI root has (card.md 10); anything else was not meant as a root."""
    key = certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size != 2048:
        raise AnchorError(f"{name}: the key is not RSA-2048")
    if certificate.signature_algorithm_oid != SignatureAlgorithmOID.RSA_WITH_SHA256:
        raise AnchorError(f"{name}: not signed with SHA-256 and RSA")
    try:
        certificate.verify_directly_issued_by(certificate)
    except (InvalidSignature, ValueError, TypeError) as error:
        raise AnchorError(f"{name}: not self-signed") from error
    try:
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage)
        certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError) as error:
        raise AnchorError(f"{name}: an extension that every root has is missing or broken") from error
    if not (constraints.critical and constraints.value.ca):
        raise AnchorError(f"{name}: not a CA certificate")
    if not (usage.critical and usage.value.key_cert_sign and usage.value.crl_sign):
        raise AnchorError(f"{name}: key usage does not allow to sign certificates and CRLs")
