"""Revocation of an authentication certificate: good, revoked, or honestly not checked (card.md 11, row 7).

`good` is said only by a CRL that is signed by the very root that issued the certificate, covers the certificate, and is
fresh. A stale, forged, foreign or partial list is as good as none: `not_checked`, never shown as verified (N13).
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509.oid import ExtensionOID, SignatureAlgorithmOID

from nfc.trust.anchors import TrustAnchor

CLOCK_SLACK: Final = timedelta(seconds=60)
MAX_CRL_BYTES: Final = 32 * 1024 * 1024
MAX_CRLS: Final = 64
MAX_REMEMBERED: Final = 16
"""Lists kept parsed: one for each root in use and its predecessor."""

# Critical extensions of a CRL that this code understands. A delta CRL (critical deltaCRLIndicator) is not among them.
_UNDERSTOOD: Final = frozenset(
    {ExtensionOID.AUTHORITY_KEY_IDENTIFIER, ExtensionOID.CRL_NUMBER, ExtensionOID.ISSUING_DISTRIBUTION_POINT}
)


UNREADABLE: Final = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
"""What the library raises for content that is not as it should be."""


class Revocation(enum.StrEnum):
    """The three honest answers; `not_checked` is not a kind of good."""

    GOOD = "good"
    REVOKED = "revoked"
    NOT_CHECKED = "not_checked"


@dataclass(frozen=True, slots=True)
class RevocationVerdict:
    """`reason` is the CRL reason (RFC 5280 spelling, e.g. certificateHold) of a revoked certificate, else None."""

    state: Revocation
    reason: str | None = None


def check_revocation(
    certificate: x509.Certificate, issuer: TrustAnchor, crls: Sequence[bytes], at: datetime
) -> RevocationVerdict:
    """Look the certificate up in every usable CRL (DER); one that lists it wins over any number that do not.

    `issuer` is the root whose signature on `certificate` was verified, `at` the server's time (aware). Never raises on
    the content of a CRL: an unusable one is left out.
    """
    verdict = RevocationVerdict(Revocation.NOT_CHECKED)
    for der in crls[:MAX_CRLS]:
        crl = _usable_crl(der, certificate, issuer, at)
        if crl is None:
            continue
        try:
            entry = crl.get_revoked_certificate_by_serial_number(certificate.serial_number)
        except ValueError:
            continue
        if entry is not None:
            return RevocationVerdict(Revocation.REVOKED, _reason(entry))
        verdict = RevocationVerdict(Revocation.GOOD)
    return verdict


def is_listed(certificate: x509.Certificate, issuer: TrustAnchor, crls: Sequence[bytes], at: datetime) -> bool:
    """Whether a usable list of `issuer` revokes this certificate of its own, such as an OCSP responder's."""
    return check_revocation(certificate, issuer, crls, at).state is Revocation.REVOKED


def _usable_crl(
    der: bytes, certificate: x509.Certificate, issuer: TrustAnchor, at: datetime
) -> x509.CertificateRevocationList | None:
    if len(der) > MAX_CRL_BYTES:
        return None
    crl = _genuine_crl(der, issuer)
    if crl is None:
        return None
    try:
        usable = _is_fresh(crl, at) and _covers(crl.extensions, certificate)
    except UNREADABLE:
        return None
    return crl if usable else None


@lru_cache(maxsize=MAX_REMEMBERED)
def _genuine_crl(der: bytes, issuer: TrustAnchor) -> x509.CertificateRevocationList | None:
    """The list, if this root signed it and nothing in it is foreign to us: true of these bytes for ever.

    Remembered by content, because a national list has very many lines and every card asks for it.
    """
    try:
        crl = x509.load_der_x509_crl(der)
        extensions = crl.extensions
        genuine = (
            crl.issuer.public_bytes() == issuer.certificate.subject.public_bytes()
            and crl.signature_algorithm_oid == SignatureAlgorithmOID.RSA_WITH_SHA256
            and _names_issuer_key(extensions, issuer)
            and all(not extension.critical or extension.oid in _UNDERSTOOD for extension in extensions)
            and crl.is_signature_valid(issuer.public_key)
        )
    except UNREADABLE:
        return None
    return crl if genuine else None


def _names_issuer_key(extensions: x509.Extensions, issuer: TrustAnchor) -> bool:
    try:
        identifier = extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    except x509.ExtensionNotFound:
        return False
    return identifier == issuer.subject_key_identifier


def _is_fresh(crl: x509.CertificateRevocationList, at: datetime) -> bool:
    next_update = crl.next_update_utc
    if next_update is None:  # a list without an end can be replayed for ever
        return False
    return crl.last_update_utc - CLOCK_SLACK <= at < next_update + CLOCK_SLACK


def _covers(extensions: x509.Extensions, certificate: x509.Certificate) -> bool:
    """A partial list must be the part that the certificate names, or its silence about a serial says nothing."""
    try:
        scope = extensions.get_extension_for_class(x509.IssuingDistributionPoint).value
    except x509.ExtensionNotFound:
        return True
    if scope.only_contains_ca_certs or scope.only_contains_attribute_certs or scope.indirect_crl:
        return False
    if scope.only_some_reasons is not None or scope.relative_name is not None:
        return False
    if scope.full_name is None:
        return True
    try:
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except x509.ExtensionNotFound:
        return False
    named = {name for point in points for name in point.full_name or ()}
    return any(name in named for name in scope.full_name)


def _reason(entry: x509.RevokedCertificate) -> str:
    try:
        return entry.extensions.get_extension_for_class(x509.CRLReason).value.reason.value
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        # An unreadable reason does not make a listed certificate less revoked.
        return x509.ReasonFlags.unspecified.value
