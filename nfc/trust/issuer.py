"""Were the four items of information on this card signed by the card's issuer? (card.md 9)

The integrity record (EF 0003) contains a hash of the file with the My Number, which can be searched exhaustively, so it
is treated like the number itself (N3): it is taken as a bytearray, overwritten before this function returns, and only a
verdict comes out.
"""

from __future__ import annotations

import enum
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, cast

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from nfc import four_information
from nfc.tlv import TlvError
from nfc.trust.anchors import AnchorError, Environment
from nfc.trust.records import integrity_record, issuer_certificate

MAX_KEY_FILE_BYTES: Final = 1024 * 1024
PUBLIC_EXPONENT: Final = 65537
KEY_BITS: Final = 2048

# 7 digits, 08 05, 3 digits, 3 zero bytes, 1 byte (card.md 3.2). The first digit names the hierarchy.
_KEY_ID = re.compile(rb"[0-9]{7}\x08\x05[0-9]{3}\x00{3}[\x00-\xff]", re.DOTALL)
_HIERARCHY: Final[dict[int, Environment]] = {ord("5"): "production", ord("6"): "test", ord("9"): "test"}


class IssuerVerdict(enum.StrEnum):
    """`unknown_issuer` means that nothing was checked; it is not a kind of genuine, and not of forged either."""

    GENUINE = "genuine"
    NOT_GENUINE = "not_genuine"
    UNKNOWN_ISSUER = "unknown_issuer"
    MALFORMED = "malformed"


@dataclass(frozen=True, slots=True)
class CvKey:
    """One issuer key of the CV hierarchy: configuration given by the operator, never taken from a card."""

    modulus: int
    exponent: int = PUBLIC_EXPONENT
    environment: Environment = "test"
    provenance: str = field(default="", compare=False)


def check_issuer(
    ef0002: bytes, ef0003: bytearray, ef0004: bytes, keys: Mapping[bytes, CvKey], environment: Environment
) -> IssuerVerdict:
    """Check the signed record of the four items, step by step as card.md 9; `ef0003` is all zeros afterwards.

    `ef0002`, `ef0003`, `ef0004` are the files as read (filler may follow), `keys` the issuer keys by their whole
    16-byte id; keys of another environment than `environment` are not looked at. Never raises on card content.
    """
    try:
        return _check(ef0002, ef0003, ef0004, keys, environment)
    except TlvError:
        return IssuerVerdict.MALFORMED
    finally:
        for index in range(len(ef0003)):
            ef0003[index] = 0


def _check(
    ef0002: bytes, ef0003: bytearray, ef0004: bytes, keys: Mapping[bytes, CvKey], environment: Environment
) -> IssuerVerdict:
    certificate = issuer_certificate(ef0004)
    issuer = keys.get(certificate.issuer_key_id)
    if issuer is None or issuer.environment != environment:
        return IssuerVerdict.UNKNOWN_ISSUER
    if not verifies(issuer.modulus, issuer.exponent, certificate.signature, certificate.signed):
        return IssuerVerdict.NOT_GENUINE

    record = integrity_record(ef0003)
    if not verifies(certificate.modulus, PUBLIC_EXPONENT, record.signature, record.signed):
        return IssuerVerdict.NOT_GENUINE

    # Offset table and filler are outside the signature; the parser has refused a table that lies (card.md 4, rule 5).
    found = hashlib.sha256(four_information.signed_part(ef0002)).digest()
    if not hmac.compare_digest(found, record.four_information_hash):
        return IssuerVerdict.NOT_GENUINE
    return IssuerVerdict.GENUINE


def verifies(modulus: int, exponent: int, signature: bytes | memoryview, signed: bytes | memoryview) -> bool:
    """Whether an RSA key signed these bytes (PKCS#1 v1.5, SHA-256), as every CV record is signed."""
    try:
        key = rsa.RSAPublicNumbers(exponent, modulus).public_key()
        # Any buffer is taken at run time; a copy of the record to bytes could not be overwritten afterwards (N3).
        key.verify(cast(bytes, signature), cast(bytes, signed), padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True


def load_cv_keys(path: Path, environment: Environment) -> dict[bytes, CvKey]:
    """Read the operator's issuer keys: JSON {key id hex: modulus hex} or {key id hex: {"modulus", "provenance"}}.

    Production wants the second form with a provenance. Raises AnchorError when the file is not of that shape, a modulus
    is not 2048 bits and odd, or a key id belongs to another environment (first digit 5 production, 6 J-LIS's tests,
    9 our tests; card.md 3.2 and 14). Exponents are 65537 in every generation seen.
    """
    with path.open("rb") as stream:
        raw = stream.read(MAX_KEY_FILE_BYTES + 1)
    if len(raw) > MAX_KEY_FILE_BYTES:
        raise AnchorError(f"{path.name}: larger than {MAX_KEY_FILE_BYTES} bytes")
    try:
        entries = json.loads(raw)
    except ValueError as error:
        raise AnchorError(f"{path.name}: not JSON") from error
    if not isinstance(entries, dict):
        raise AnchorError(f"{path.name}: must be an object of key ids")
    return dict(_load_key(path.name, key_id_hex, entry, environment) for key_id_hex, entry in entries.items())


def _load_key(name: str, key_id_hex: str, entry: object, environment: Environment) -> tuple[bytes, CvKey]:
    modulus_hex = entry.get("modulus") if isinstance(entry, dict) else entry
    provenance = entry.get("provenance", "") if isinstance(entry, dict) else ""
    if not isinstance(modulus_hex, str) or not isinstance(provenance, str):
        raise AnchorError(f"{name}: {key_id_hex}: modulus and provenance must be text")
    try:
        key_id = bytes.fromhex(key_id_hex)
        modulus = int.from_bytes(bytes.fromhex(modulus_hex), "big")
    except ValueError as error:
        raise AnchorError(f"{name}: {key_id_hex}: not hexadecimal") from error
    if not _KEY_ID.fullmatch(key_id):
        raise AnchorError(f"{name}: {key_id_hex}: not a key id of the CV hierarchy")
    if modulus.bit_length() != KEY_BITS or modulus % 2 == 0:
        raise AnchorError(f"{name}: {key_id_hex}: the modulus is not an odd number of {KEY_BITS} bits")
    if _HIERARCHY.get(key_id[0]) != environment:
        raise AnchorError(f"{name}: {key_id_hex}: this key does not belong to the environment {environment}")
    if environment == "production" and not provenance.strip():
        raise AnchorError(f"{name}: {key_id_hex}: production needs a recorded provenance")
    return key_id, CvKey(modulus, PUBLIC_EXPONENT, environment, provenance.strip())
