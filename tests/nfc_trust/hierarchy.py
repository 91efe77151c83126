"""A small TEST hierarchy of its own, built from card.md 10 and 14, so that `nfc` meets the specification."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from nfc.trust import TrustAnchor
from nfc.trust.anchors import Environment, Purpose

NOW = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
MESSAGE = b"todoke-card-session-v1\x00" + bytes(64)
AUTHENTICATION_POLICY = "1.2.392.200149.8.5.1.3.30"
SIGNATURE_POLICY = "1.2.392.200149.8.5.1.1.20"
UNITS: dict[Purpose, str] = {
    "authentication": "JPKI for user authentication",
    "signature": "JPKI for digital signature",
}


@cache
def rsa_key(label: str, bits: int = 2048) -> rsa.RSAPrivateKey:
    """One key per label for the whole run: making RSA keys is the slow part."""
    assert label
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def root_name(purpose: Purpose = "authentication", organisation: str = "TEST-NOT-JPKI") -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "JP"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, UNITS[purpose]),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "Made for one run"),
        ]
    )


def key_usage(*names: str) -> x509.KeyUsage:
    every = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{name: name in names for name in every})


def policies(*ids: str) -> x509.CertificatePolicies:
    return x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier(each), None) for each in ids])


@dataclass(frozen=True)
class Root:
    """A root of the profile; `label` tells generations of one name apart."""

    label: str
    purpose: Purpose = "authentication"
    organisation: str = "TEST-NOT-JPKI"
    not_before: datetime = NOW - timedelta(days=365)
    not_after: datetime = NOW + timedelta(days=9 * 365)
    usage: tuple[str, ...] = ("key_cert_sign", "crl_sign")
    is_ca: bool = True

    @property
    def key(self) -> rsa.RSAPrivateKey:
        return rsa_key(f"root {self.label}")

    @property
    def name(self) -> x509.Name:
        return root_name(self.purpose, self.organisation)

    @property
    def identifier(self) -> x509.SubjectKeyIdentifier:
        return x509.SubjectKeyIdentifier.from_public_key(self.key.public_key())

    def certificate(self) -> x509.Certificate:
        return (
            x509.CertificateBuilder()
            .subject_name(self.name)
            .issuer_name(self.name)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self.not_before)
            .not_valid_after(self.not_after)
            .add_extension(key_usage(*self.usage), critical=True)
            .add_extension(x509.BasicConstraints(ca=self.is_ca, path_length=None), critical=True)
            .add_extension(self.identifier, critical=False)
            .sign(self.key, hashes.SHA256())
        )

    def anchor(self, environment: Environment = "test") -> TrustAnchor:
        return TrustAnchor(self.certificate(), self.purpose, environment, "made for this test")

    def pem(self) -> bytes:
        return self.certificate().public_bytes(serialization.Encoding.PEM)


def distribution_point(city: str) -> x509.DirectoryName:
    return x509.DirectoryName(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, city)]))


def leaf_extensions(
    *ids: str, usage: tuple[str, ...] = ("digital_signature",)
) -> list[tuple[x509.ExtensionType, bool]]:
    point = x509.DistributionPoint([distribution_point("TEST list")], None, None, None)
    return [
        (key_usage(*usage), True),
        (policies(*(ids or (AUTHENTICATION_POLICY,))), True),
        (x509.IssuerAlternativeName([distribution_point("TEST issuer")]), False),
        (x509.CRLDistributionPoints([point]), False),
    ]


@dataclass(frozen=True)
class Leaf:
    """A user-authentication certificate of the profile unless told otherwise."""

    root: Root
    serial: int = 4711
    key_label: str = "leaf"
    key_bits: int = 2048
    not_before: datetime = NOW - timedelta(days=30)
    not_after: datetime = NOW + timedelta(days=300)
    extensions: Sequence[tuple[x509.ExtensionType, bool]] = field(default_factory=leaf_extensions)
    with_authority_key_identifier: bool = True
    digest: hashes.SHA256 | hashes.SHA384 = field(default_factory=hashes.SHA256)

    @property
    def key(self) -> rsa.RSAPrivateKey:
        return rsa_key(self.key_label, self.key_bits)

    def with_changes(self, **changes: object) -> Leaf:
        return replace(self, **changes)  # type: ignore[arg-type]  # a test names the fields it changes

    def certificate(self) -> x509.Certificate:
        subject = x509.Name(
            [
                x509.NameAttribute(NameOID.COUNTRY_NAME, "JP"),
                x509.NameAttribute(NameOID.COMMON_NAME, "TEST0000000000000000AAAA"),
            ]
        )
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.root.name)
            .public_key(self.key.public_key())
            .serial_number(self.serial)
            .not_valid_before(self.not_before)
            .not_valid_after(self.not_after)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), critical=False)
        )
        if self.with_authority_key_identifier:
            authority = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(self.root.identifier)
            builder = builder.add_extension(authority, critical=False)
        for extension, critical in self.extensions:
            builder = builder.add_extension(extension, critical=critical)
        return builder.sign(self.root.key, self.digest)

    def der(self) -> bytes:
        return self.certificate().public_bytes(serialization.Encoding.DER)

    def signature(self, message: bytes = MESSAGE) -> bytes:
        return self.key.sign(message, padding.PKCS1v15(), hashes.SHA256())


@dataclass(frozen=True)
class Crl:
    """A list of `root`; fields are what the checks look at."""

    root: Root
    revoked: tuple[tuple[int, x509.ReasonFlags | None], ...] = ()
    this_update: datetime = NOW - timedelta(minutes=5)
    next_update: datetime = NOW + timedelta(hours=24)
    issuer: x509.Name | None = None
    signer: Root | None = None
    with_authority_key_identifier: bool = True
    extensions: Sequence[tuple[x509.ExtensionType, bool]] = ()
    digest: hashes.SHA256 | hashes.SHA384 = field(default_factory=hashes.SHA256)

    def der(self) -> bytes:
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.issuer or self.root.name)
            .last_update(self.this_update)
            .next_update(self.next_update)
            .add_extension(x509.CRLNumber(7), critical=False)
        )
        if self.with_authority_key_identifier:
            authority = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(self.root.identifier)
            builder = builder.add_extension(authority, critical=False)
        for extension, critical in self.extensions:
            builder = builder.add_extension(extension, critical=critical)
        for serial, reason in self.revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(self.this_update)
            if reason is not None:
                entry = entry.add_extension(x509.CRLReason(reason), critical=False)
            builder = builder.add_revoked_certificate(entry.build())
        signer = self.signer or self.root
        return builder.sign(signer.key, self.digest).public_bytes(serialization.Encoding.DER)


@dataclass(frozen=True)
class Responder:
    """A delegated responder's certificate: `root` names it for OCSP signing unless told otherwise."""

    root: Root
    label: str = "responder"
    purposes: tuple[x509.ObjectIdentifier, ...] = (ExtendedKeyUsageOID.OCSP_SIGNING,)
    not_before: datetime = NOW - timedelta(days=1)
    not_after: datetime = NOW + timedelta(days=30)
    serial: int = 900_001
    signer: Root | None = None
    extensions: Sequence[tuple[x509.ExtensionType, bool]] = ()

    @property
    def key(self) -> rsa.RSAPrivateKey:
        return rsa_key(self.label)

    def certificate(self) -> x509.Certificate:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"TEST {self.label}")])
        authority = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(self.root.identifier)
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self.root.name)
            .public_key(self.key.public_key())
            .serial_number(self.serial)
            .not_valid_before(self.not_before)
            .not_valid_after(self.not_after)
            .add_extension(key_usage("digital_signature"), critical=True)
            .add_extension(x509.OCSPNoCheck(), critical=False)
            .add_extension(authority, critical=False)
        )
        if self.purposes:
            builder = builder.add_extension(x509.ExtendedKeyUsage(self.purposes), critical=False)
        for extension, critical in self.extensions:
            builder = builder.add_extension(extension, critical=critical)
        return builder.sign((self.signer or self.root).key, hashes.SHA256())


NONCE = bytes(range(32))


@dataclass(frozen=True)
class Ocsp:
    """An answer about `leaf`, signed by its root or by `responder`; fields are what the checks look at."""

    leaf: Leaf
    status: ocsp.OCSPCertStatus = ocsp.OCSPCertStatus.GOOD
    reason: x509.ReasonFlags | None = None
    responder: Responder | None = None
    signer_label: str | None = None
    this_update: datetime = NOW - timedelta(minutes=5)
    next_update: datetime | None = NOW + timedelta(hours=1)
    nonce: bytes | None = NONCE
    about: Leaf | None = None
    issuer: Root | None = None
    algorithm: hashes.SHA1 | hashes.SHA256 = field(default_factory=hashes.SHA1)
    digest: hashes.SHA256 | hashes.SHA384 = field(default_factory=hashes.SHA256)
    with_responder_certificate: bool = True
    by_name: bool = False

    def der(self) -> bytes:
        root = self.leaf.root
        revoked = self.status is ocsp.OCSPCertStatus.REVOKED
        builder = ocsp.OCSPResponseBuilder().add_response(
            cert=(self.about or self.leaf).certificate(),
            issuer=(self.issuer or root).certificate(),
            algorithm=self.algorithm,
            cert_status=self.status,
            this_update=self.this_update,
            next_update=self.next_update,
            revocation_time=self.this_update if revoked else None,
            revocation_reason=self.reason,
        )
        signer = self.responder.certificate() if self.responder else root.certificate()
        encoding = ocsp.OCSPResponderEncoding.NAME if self.by_name else ocsp.OCSPResponderEncoding.HASH
        builder = builder.responder_id(encoding, signer)
        if self.responder and self.with_responder_certificate:
            builder = builder.certificates([signer])
        if self.nonce is not None:
            builder = builder.add_extension(x509.OCSPNonce(self.nonce), critical=False)
        key = self.responder.key if self.responder else root.key
        if self.signer_label is not None:
            # The library signs only with the key of the named responder, so a forgery is made by exchanging bytes.
            return _forged(builder.sign(key, self.digest), rsa_key(self.signer_label))
        return builder.sign(key, self.digest).public_bytes(serialization.Encoding.DER)


def _forged(response: ocsp.OCSPResponse, key: rsa.RSAPrivateKey) -> bytes:
    signature = key.sign(response.tbs_response_bytes, padding.PKCS1v15(), hashes.SHA256())
    return response.public_bytes(serialization.Encoding.DER).replace(response.signature, signature)


# --- signed records of the text application (card.md 3.2) ---------------------------------------------------------

KEY_ID = b"9990001\x08\x05001\x00\x00\x00\x00"


def tlv(tag: str, value: bytes) -> bytes:
    length = len(value)
    header = bytes([length]) if length < 0x80 else bytes([0x82]) + length.to_bytes(2, "big")
    return bytes.fromhex(tag) + header + value


def modulus(key: rsa.RSAPrivateKey) -> int:
    return key.public_key().public_numbers().n


def cv_certificate(
    issuer: rsa.RSAPrivateKey,
    subject: rsa.RSAPrivateKey,
    key_id: bytes = KEY_ID,
    key_header: str = "900301000191820100",
) -> bytes:
    body = key_id + b"9132010\x08\x05001\x00\x00\x00\x00"
    body += bytes.fromhex(key_header) + modulus(subject).to_bytes(256, "big")
    signature = issuer.sign(body, padding.PKCS1v15(), hashes.SHA256())
    return tlv("7F21", tlv("5F4E", body) + tlv("5F37", signature))


def integrity_record(signer: rsa.RSAPrivateKey, signed_items: bytes, number_file: bytes = b"\xff" * 17) -> bytearray:
    hashed = tlv("DF31", hashlib.sha256(number_file).digest()) + tlv("DF32", hashlib.sha256(signed_items).digest())
    return bytearray(tlv("FF30", hashed + tlv("DF33", signer.sign(hashed, padding.PKCS1v15(), hashes.SHA256()))))


def four_information_file(name: str = "試験　花子", filler: int = 20, offset_error: int = 0) -> bytes:
    items = [
        tlv("DF22", name.encode()),
        tlv("DF23", "みらい県あさひ市本町１丁目".encode()),
        tlv("DF24", b"19900203"),
        tlv("DF25", b"2"),
    ]
    start = 5 + 11  # header of the 82 form, offset table
    offsets = b""
    for item in items:
        offsets += (start + offset_error).to_bytes(2, "big")
        start += len(item)
    content = tlv("DF21", offsets) + b"".join(items)
    return bytes.fromhex("FF2082") + len(content).to_bytes(2, "big") + content + b"\xff" * filler


def card_key_record(signer: rsa.RSAPrivateKey, card: rsa.RSAPrivateKey) -> bytes:
    key = tlv("DF51", bytes.fromhex("900301000191820100") + modulus(card).to_bytes(256, "big"))
    return tlv("FF50", key + tlv("DF52", signer.sign(key, padding.PKCS1v15(), hashes.SHA256())))
