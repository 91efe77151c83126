"""Profiles of the TEST certificates and revocation lists (card.md sections 10 and 14).

Every distinguished name says that it is a test, so that neither a person nor the production trust settings can take
one of these for a certificate of the official service.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ObjectIdentifier, ReasonFlags
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from card_sim.ber import encode
from card_sim.eras import era_of
from card_sim.people import Persona

ORGANISATION: Final = "TEST-NOT-JPKI"
NO_LEGAL_EFFECT: Final = "TEST hierarchy, no legal effect"
TEST_HOST: Final = "http://test-issuer.invalid"
OCSP_ADDRESS: Final = f"{TEST_HOST}/ocsp"
"""Where no responder was announced: a name that resolves nowhere."""

AUTHENTICATION_POLICY: Final = ObjectIdentifier("1.2.392.200149.8.5.1.3.30")
SIGNATURE_POLICY: Final = ObjectIdentifier("1.2.392.200149.8.5.1.1.20")
_HOLDER_ITEM: Final = "1.2.392.200149.8.5.5"

SHA256: Final = hashes.SHA256()

CRL_BACKDATED_BY: Final = timedelta(minutes=5)
CRL_LIFETIME: Final = timedelta(hours=24)


class Purpose(Enum):
    """The two hierarchies of the card; the value begins the names of their files."""

    AUTHENTICATION = "authentication"
    SIGNATURE = "signature"


_PURPOSE_UNITS: Final = {
    Purpose.AUTHENTICATION: "TEST for user authentication",
    Purpose.SIGNATURE: "TEST for digital signature",
}


@dataclass(frozen=True)
class Root:
    """A self-signed CA of one purpose; `generation` counts from 1, and all generations share one name."""

    purpose: Purpose
    generation: int
    key: RSAPrivateKey
    certificate: x509.Certificate


@dataclass(frozen=True)
class Order:
    """What a certificate is asked for: whose key, under which name and number, for how long."""

    key: RSAPublicKey | EllipticCurvePublicKey
    common_name: str
    serial: int
    not_before: datetime
    not_after: datetime
    ocsp_address: str = OCSP_ADDRESS
    """Of the responder, written into the certificate (authority information access)."""


@dataclass(frozen=True)
class LeafShape:
    """What an authentication certificate says about its own use. The defaults are the profile of card.md section 10;
    every other value makes a certificate that a relying service has to refuse."""

    policy: ObjectIdentifier = AUTHENTICATION_POLICY
    policy_critical: bool = True
    signs_certificates: bool = False
    extra: tuple[tuple[x509.ExtensionType, bool], ...] = ()
    """Extensions on top, each with its criticality."""


GOOD_SHAPE: Final = LeafShape()


@dataclass(frozen=True)
class Revoked:
    """A line of a revocation list."""

    serial: int
    since: datetime
    reason: ReasonFlags


def root_name(purpose: Purpose) -> x509.Name:
    """The name of a root: equal in all generations, so that only the key tells them apart."""
    return _test_name(_PURPOSE_UNITS[purpose], "TEST issuer of simulated cards")


def root_certificate(
    purpose: Purpose, key: RSAPrivateKey, serial: int, not_before: datetime, not_after: datetime
) -> x509.Certificate:
    """A self-signed root."""
    name = root_name(purpose)
    order = Order(key.public_key(), "", serial, not_before, not_after)
    return (
        _builder(name, name, order)
        .add_extension(_key_usage(certificate_signing=True), critical=True)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DirectoryName(_test_name())]), critical=False)
        .add_extension(_distribution_point(x509.DirectoryName(name)), critical=False)
        .sign(key, hashes.SHA256())
    )


def authentication_certificate(
    root: Root, order: Order, shape: LeafShape = GOOD_SHAPE, digest: hashes.SHA256 | hashes.SHA384 = SHA256
) -> x509.Certificate:
    """利用者証明用電子証明書 of a TEST card: no personal data, digitalSignature only."""
    subject = x509.Name(
        [x509.NameAttribute(NameOID.COUNTRY_NAME, "JP"), x509.NameAttribute(NameOID.COMMON_NAME, order.common_name)]
    )
    builder = _builder(subject, root.certificate.subject, order)
    builder = _with_leaf_extensions(builder, root, order, x509.PolicyInformation(shape.policy, None), shape)
    usage = _key_usage(digital_signature=True, certificate_signing=shape.signs_certificates)
    builder = builder.add_extension(usage, critical=True)
    for extension, critical in shape.extra:
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(root.key, digest)


def signature_certificate(root: Root, order: Order, of: Persona) -> x509.Certificate:
    """署名用電子証明書 of a TEST card: it carries the four items of information as otherNames."""
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "JP"),
            x509.NameAttribute(NameOID.LOCALITY_NAME, of.municipality.prefecture or NO_LEGAL_EFFECT),
            x509.NameAttribute(NameOID.LOCALITY_NAME, of.municipality.name),
            x509.NameAttribute(NameOID.COMMON_NAME, order.common_name),
        ]
    )
    builder = _builder(subject, root.certificate.subject, order)
    policy = x509.PolicyInformation(SIGNATURE_POLICY, [f"{TEST_HOST}/cps.html"])
    return (
        _with_leaf_extensions(builder, root, order, policy)
        .add_extension(_key_usage(digital_signature=True, non_repudiation=True), critical=True)
        .add_extension(x509.SubjectAlternativeName(list(_holder_items(of))), critical=False)
        .sign(root.key, hashes.SHA256())
    )


def responder_certificate(
    root: Root, key: RSAPublicKey, not_before: datetime, not_after: datetime, *, may_answer: bool = True
) -> x509.Certificate:
    """The certificate of a delegated OCSP responder, issued by the root it answers for.

    Without `may_answer` it lacks the extended key usage, and nobody may believe its answers (RFC 6960, 4.2.2.2).
    """
    subject = x509.Name(
        [
            *_test_name(_PURPOSE_UNITS[root.purpose]),
            x509.NameAttribute(NameOID.COMMON_NAME, f"TEST OCSP responder {root.generation}"),
        ]
    )
    order = Order(key, "", 0x0C5F + 2 * root.generation + may_answer, not_before, not_after)
    builder = (
        _builder(subject, root.certificate.subject, order)
        .add_extension(_authority_key(root), critical=False)
        .add_extension(_key_usage(digital_signature=True), critical=True)
        .add_extension(x509.OCSPNoCheck(), critical=False)
    )
    if may_answer:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), critical=False)
    return builder.sign(root.key, hashes.SHA256())


def revocation_list(root: Root, revoked: Iterable[Revoked], at: datetime) -> bytes:
    """A v2 CRL in DER, made five minutes before `at` and good for a day after it.

    No line is dated later than the list itself. 20,000 lines take about a second.
    """
    made = at - CRL_BACKDATED_BY
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(root.certificate.subject)
        .last_update(made)
        .next_update(at + CRL_LIFETIME)
        .add_extension(_authority_key(root), critical=False)
        .add_extension(x509.CRLNumber(int(made.timestamp())), critical=False)
    )
    for line in revoked:
        builder = builder.add_revoked_certificate(
            x509.RevokedCertificateBuilder()
            .serial_number(line.serial)
            .revocation_date(min(line.since, made))
            .add_extension(x509.CRLReason(line.reason), critical=False)
            .build()
        )
    return builder.sign(root.key, hashes.SHA256()).public_bytes(Encoding.DER)


def _test_name(*units: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "JP"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANISATION),
            *(x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit) for unit in (*units, NO_LEGAL_EFFECT)),
        ]
    )


def _builder(subject: x509.Name, issuer: x509.Name, order: Order) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(order.key)
        .serial_number(order.serial)
        .not_valid_before(order.not_before)
        .not_valid_after(order.not_after)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(order.key), critical=False)
    )


def _with_leaf_extensions(
    builder: x509.CertificateBuilder,
    root: Root,
    order: Order,
    policy: x509.PolicyInformation,
    shape: LeafShape = GOOD_SHAPE,
) -> x509.CertificateBuilder:
    points = x509.DirectoryName(_test_name(_PURPOSE_UNITS[root.purpose], "CRL Distribution Points"))
    address = x509.UniformResourceIdentifier(f"{TEST_HOST}/{root.purpose.value}-{root.generation}.crl")
    responder = x509.AccessDescription(
        AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(order.ocsp_address)
    )
    return (
        builder.add_extension(_authority_key(root), critical=False)
        .add_extension(x509.CertificatePolicies([policy]), critical=shape.policy_critical)
        .add_extension(x509.IssuerAlternativeName([x509.DirectoryName(_test_name())]), critical=False)
        .add_extension(_distribution_point(points, address), critical=False)
        .add_extension(x509.AuthorityInformationAccess([responder]), critical=False)
    )


def _authority_key(root: Root) -> x509.AuthorityKeyIdentifier:
    own = root.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own.value)


def _distribution_point(*names: x509.GeneralName) -> x509.CRLDistributionPoints:
    return x509.CRLDistributionPoints(
        [x509.DistributionPoint(full_name=list(names), relative_name=None, reasons=None, crl_issuer=None)]
    )


def _key_usage(
    *, digital_signature: bool = False, certificate_signing: bool = False, non_repudiation: bool = False
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=non_repudiation,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=certificate_signing,
        crl_sign=certificate_signing,
        encipher_only=False,
        decipher_only=False,
    )


def _holder_items(of: Persona) -> Iterable[x509.OtherName]:
    """The six otherNames in the order real certificates have them: 1, 4, 3, 5, 2, 6 (card.md section 10)."""
    name, name_flags = _substituted(of.name)
    address, address_flags = _substituted(of.address)
    birth = f"{era_of(of.birth_date).certificate_digit}{of.birth_date:%Y%m%d}"
    values = ((1, of.sign_name or name), (4, birth), (3, of.sex), (5, address), (2, name_flags), (6, address_flags))
    for number, value in values:
        yield x509.OtherName(ObjectIdentifier(f"{_HOLDER_ITEM}.{number}"), encode("0C", value.encode()))


def _substituted(text: str) -> tuple[str, str]:
    """The text without variation selectors, and a flag per character: 1 where one had to be left out."""
    characters: list[str] = []
    flags: list[str] = []
    for character in text:
        if "\U000e0100" <= character <= "\U000e01ef":
            flags[-1] = "1"
        else:
            characters.append(character)
            flags.append("0")
    return "".join(characters), "".join(flags)
