"""COMPUTE DIGITAL SIGNATURE: what each value of P1 signs (card.md section 5)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, utils
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from card_sim.profile import PrivateKey
from card_sim.status import Refusal, Status

MAX_RAW_INPUT = 245
"""PKCS#1 v1.5 needs 11 bytes of a 256-byte block for itself."""

SHA256_OCTETS = 32
SHA384_OCTETS = 48
HASH_GIVEN = 0x02


def sign(key: PrivateKey, p1: int, data: bytes) -> bytes:
    """The signature over `data` in the manner of P1 (00 to 05; the caller has checked P1): 256 bytes with RSA.

    Deterministic for P1 00-03. Raises Refusal(6985) when the data have a length the manner can't take.
    """
    return MANNERS[p1](key, data) if isinstance(key, RSAPrivateKey) else _next_generation(key, p1, data)


def _next_generation(key: ec.EllipticCurvePrivateKey, p1: int, data: bytes) -> bytes:
    """A placeholder: nobody has said yet how the next card is asked. It signs a SHA-384 hash and nothing else."""
    _require(p1 == HASH_GIVEN and len(data) == SHA384_OCTETS)
    return key.sign(data, ec.ECDSA(utils.Prehashed(hashes.SHA384())))


def _sha256(data: bytes) -> bytes:
    digest = hashes.Hash(hashes.SHA256())
    digest.update(data)
    return digest.finalize()


def _require(condition: bool) -> None:
    if not condition:
        raise Refusal(Status.CONDITIONS_NOT_SATISFIED)


def _as_given(key: RSAPrivateKey, data: bytes) -> bytes:
    _require(0 < len(data) <= MAX_RAW_INPUT)
    return key.sign(data, padding.PKCS1v15(), utils.NoDigestInfo())


def _bare_hash(key: RSAPrivateKey, data: bytes) -> bytes:
    _require(len(data) > 0)
    return key.sign(_sha256(data), padding.PKCS1v15(), utils.NoDigestInfo())


def _digest_info_of_hash(key: RSAPrivateKey, data: bytes) -> bytes:
    _require(len(data) == SHA256_OCTETS)
    return key.sign(data, padding.PKCS1v15(), utils.Prehashed(hashes.SHA256()))


def _digest_info(key: RSAPrivateKey, data: bytes) -> bytes:
    _require(len(data) > 0)
    return key.sign(data, padding.PKCS1v15(), hashes.SHA256())


def _pss() -> padding.PSS:
    return padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=padding.PSS.DIGEST_LENGTH)


def _pss_of_hash(key: RSAPrivateKey, data: bytes) -> bytes:
    _require(len(data) == SHA256_OCTETS)
    return key.sign(data, _pss(), utils.Prehashed(hashes.SHA256()))


def _pss_hashing(key: RSAPrivateKey, data: bytes) -> bytes:
    _require(len(data) > 0)
    return key.sign(data, _pss(), hashes.SHA256())


MANNERS: Mapping[int, Callable[[RSAPrivateKey, bytes], bytes]] = MappingProxyType(
    {
        0x00: _as_given,
        0x01: _bare_hash,
        0x02: _digest_info_of_hash,
        0x03: _digest_info,
        0x04: _pss_of_hash,
        0x05: _pss_hashing,
    }
)
