"""Authentication certificates that a relying service must refuse, one for each row of card.md section 14.

Each differs from a good certificate in one point. `make` gives the DER and the private key that belongs to it, so that
a card can carry it and sign with it.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from types import MappingProxyType
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding, utils
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ObjectIdentifier

from card_sim import certificates
from card_sim.ber import encode
from card_sim.certificates import GOOD_SHAPE, LeafShape, Purpose, Root
from card_sim.issuer import TestIssuer, Validity
from card_sim.keys import KEY_BITS, KeyStore
from card_sim.people import Persona

OTHER_POLICY: Final = ObjectIdentifier("1.2.392.200149.8.5.1.3.99")
UNKNOWN_EXTENSION: Final = ObjectIdentifier("1.2.392.200149.8.5.99.1")
LEAF_LIFE: Final = timedelta(days=5 * 365)
OWN_GENERATION: Final = 2

# sha256WithRSAEncryption and sha1WithRSAEncryption differ in the last byte only.
_SHA256_OID: Final = bytes.fromhex("06092A864886F70D01010B")
_SHA1_OID: Final = bytes.fromhex("06092A864886F70D010105")
_SHA1_DIGEST_INFO: Final = bytes.fromhex("3021300906052B0E03021A05000414")


class BadLeaf(Enum):
    """What is wrong with the certificate."""

    WRONG_POLICY = "wrong_policy"
    POLICY_NOT_CRITICAL = "policy_not_critical"
    SIGNS_CERTIFICATES = "signs_certificates"
    IS_A_CA = "is_a_ca"
    UNKNOWN_CRITICAL_EXTENSION = "unknown_critical_extension"
    RSA_1024 = "rsa_1024"
    SHA1 = "sha1"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    SIGNED_BY_OTHER_ROOT = "signed_by_other_root"
    FORGED_ROOT = "forged_root"
    EXPIRED_ROOT = "expired_root"
    SIGNATURE_CERTIFICATE = "signature_certificate"
    TRAILING_BYTES = "trailing_bytes"


def _current_validity(now: datetime) -> Validity:
    return now - timedelta(days=30), now - timedelta(days=30) + LEAF_LIFE


def _own_root(issuer: TestIssuer) -> Root:
    return issuer.root(Purpose.AUTHENTICATION, OWN_GENERATION)


def _name_of_one_root_key_of_another(issuer: TestIssuer) -> Root:
    """The right issuer name and key id, and a signature by the key of the other generation."""
    return dataclasses.replace(_own_root(issuer), key=issuer.root(Purpose.AUTHENTICATION, 1).key)


@dataclass(frozen=True)
class _Recipe:
    """How a bad leaf differs from a good one."""

    shape: LeafShape = GOOD_SHAPE
    validity: Callable[[datetime], Validity] = _current_validity
    root: Callable[[TestIssuer], Root] = _own_root
    bits: int = KEY_BITS
    afterwards: Callable[[bytes, Root], bytes] = lambda der, _: der
    """What is done to the finished DER."""


def make(
    kind: BadLeaf, issuer: TestIssuer, persona: Persona, keys: KeyStore, now: datetime
) -> tuple[bytes, RSAPrivateKey]:
    """The certificate in DER and its private key; the key is kept in `keys`, the certificate is made anew."""
    recipe = _RECIPES[kind]
    key = keys.key(f"bad-{recipe.bits}", recipe.bits)
    root = recipe.root(issuer)
    order = issuer.order(root, kind.value, persona.person_id, key.public_key(), recipe.validity(now))
    if root.purpose is Purpose.SIGNATURE:
        certificate = certificates.signature_certificate(root, order, persona)
    else:
        certificate = certificates.authentication_certificate(root, order, recipe.shape)
    return recipe.afterwards(certificate.public_bytes(Encoding.DER), root), key


def _signed_with_sha1(der: bytes, root: Root) -> bytes:
    """The same certificate under a SHA-1 signature, put together by hand: the library no longer makes one."""
    tbs = x509.load_der_x509_certificate(der).tbs_certificate_bytes.replace(_SHA256_OID, _SHA1_OID)
    # SHA-1 on purpose: it is what has to be refused.
    digest_info = _SHA1_DIGEST_INFO + hashlib.sha1(tbs).digest()  # noqa: S324  # the certificate that must be refused
    signature = root.key.sign(digest_info, padding.PKCS1v15(), utils.NoDigestInfo())
    algorithm = encode("30", _SHA1_OID + encode("05", b""))
    return encode("30", tbs + algorithm + encode("03", b"\x00" + signature))


_RECIPES: Final[Mapping[BadLeaf, _Recipe]] = MappingProxyType(
    {
        BadLeaf.WRONG_POLICY: _Recipe(shape=LeafShape(policy=OTHER_POLICY)),
        BadLeaf.POLICY_NOT_CRITICAL: _Recipe(shape=LeafShape(policy_critical=False)),
        BadLeaf.SIGNS_CERTIFICATES: _Recipe(shape=LeafShape(signs_certificates=True)),
        BadLeaf.IS_A_CA: _Recipe(shape=LeafShape(extra=((x509.BasicConstraints(ca=True, path_length=None), True),))),
        BadLeaf.UNKNOWN_CRITICAL_EXTENSION: _Recipe(
            shape=LeafShape(extra=((x509.UnrecognizedExtension(UNKNOWN_EXTENSION, b"\x05\x00"), True),))
        ),
        BadLeaf.RSA_1024: _Recipe(bits=1024),
        BadLeaf.SHA1: _Recipe(afterwards=_signed_with_sha1),
        BadLeaf.EXPIRED: _Recipe(validity=lambda now: (now - LEAF_LIFE, now - timedelta(days=1))),
        BadLeaf.NOT_YET_VALID: _Recipe(validity=lambda now: (now + timedelta(days=1), now + LEAF_LIFE)),
        BadLeaf.SIGNED_BY_OTHER_ROOT: _Recipe(root=_name_of_one_root_key_of_another),
        BadLeaf.FORGED_ROOT: _Recipe(root=lambda issuer: _own_root(issuer.forged())),
        BadLeaf.EXPIRED_ROOT: _Recipe(root=lambda issuer: issuer.expired_root(Purpose.AUTHENTICATION)),
        BadLeaf.SIGNATURE_CERTIFICATE: _Recipe(root=lambda issuer: issuer.root(Purpose.SIGNATURE, OWN_GENERATION)),
        BadLeaf.TRAILING_BYTES: _Recipe(afterwards=lambda der, _: der + b"\x00\x00"),
    }
)
