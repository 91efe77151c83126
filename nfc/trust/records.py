"""The signed records beside the four items: EF 0004 (whose key signed), EF 0003 and EF 0007 (what it signed).

Structures as in card.md 3.2; both have one exact form, so everything else is refused rather than guessed at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, cast

from nfc.files import CARD_KEY_RECORD, INTEGRITY_RECORD, SIGNER_CERTIFICATE
from nfc.tlv import Tlv, TlvError, children, read_object

_CV_BODY: Final = 0x5F4E
_CV_SIGNATURE: Final = 0x5F37
_NUMBER_HASH: Final = 0xDF31
_FOUR_INFORMATION_HASH: Final = 0xDF32
_RECORD_SIGNATURE: Final = 0xDF33

_CARD_KEY: Final = 0xDF51
_CARD_KEY_SIGNATURE: Final = 0xDF52

_KEY_ID_BYTES: Final = 16
_KEY_HEADER: Final = bytes.fromhex("9003010001 91820100")  # exponent 65537, then a 256-byte modulus
_MODULUS_BYTES: Final = 256
_CV_BODY_BYTES: Final = 2 * _KEY_ID_BYTES + len(_KEY_HEADER) + _MODULUS_BYTES
_SIGNATURE_BYTES: Final = 256
_HASH_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class IssuerCertificate:
    """EF 0004: the key that signed EF 0003, certified by the issuer key named `issuer_key_id` (16 bytes)."""

    issuer_key_id: bytes
    modulus: int
    signed: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class CardKeyRecord:
    """EF 0007: the public key of the card's own key 0408:0013, signed with the key that EF 0004 certifies."""

    modulus: int
    signed: bytes
    signature: bytes


@dataclass(frozen=True, slots=True, repr=False)
class IntegrityRecord:
    """Views into EF 0003, no copies: they become zeros together with it (N3). Not for keeping, hence no repr either."""

    four_information_hash: memoryview
    signed: memoryview
    signature: memoryview


def issuer_certificate(ef0004: bytes) -> IssuerCertificate:
    """Step 1 of card.md 9. Raises TlvError when the file has another form."""
    parts = list(children(_outer(ef0004, SIGNER_CERTIFICATE.outer_tag)))
    if sorted(part.tag for part in parts) != [_CV_SIGNATURE, _CV_BODY]:
        raise TlvError("a CV certificate holds one body and one signature")
    body, signature = sorted(parts, key=lambda part: part.tag, reverse=True)
    if len(body.value) != _CV_BODY_BYTES or len(signature.value) != _SIGNATURE_BYTES:
        raise TlvError("a part of the CV certificate has a wrong length")
    modulus = _modulus(body.value[2 * _KEY_ID_BYTES :])
    return IssuerCertificate(body.value[:_KEY_ID_BYTES], modulus, body.value, signature.value)


def integrity_record(ef0003: bytearray) -> IntegrityRecord:
    """Step 4 of card.md 9. Raises TlvError when the record has another form."""
    # The reader only looks at single bytes and positions of a bytearray, which read the same as those of bytes;
    # a real copy to bytes would be one that nobody can overwrite.
    parts = list(children(_outer(cast(bytes, ef0003), INTEGRITY_RECORD.outer_tag)))
    if [part.tag for part in parts] != [_NUMBER_HASH, _FOUR_INFORMATION_HASH, _RECORD_SIGNATURE]:
        raise TlvError("the integrity record does not hold its three parts in order")
    if [part.end - part.value_start for part in parts] != [_HASH_BYTES, _HASH_BYTES, _SIGNATURE_BYTES]:
        raise TlvError("a part of the integrity record has a wrong length")
    number_hash, four_information_hash, signature = parts
    view = memoryview(ef0003)
    return IntegrityRecord(
        four_information_hash=view[four_information_hash.value_start : four_information_hash.end],
        signed=view[number_hash.start : four_information_hash.end],
        signature=view[signature.value_start : signature.end],
    )


def card_key_record(ef0007: bytes) -> CardKeyRecord:
    """EF 0007. Raises TlvError when the record has another form."""
    parts = list(children(_outer(ef0007, CARD_KEY_RECORD.outer_tag)))
    if [part.tag for part in parts] != [_CARD_KEY, _CARD_KEY_SIGNATURE]:
        raise TlvError("the card's key record does not hold its two parts in order")
    key, signature = parts
    if len(key.value) != len(_KEY_HEADER) + _MODULUS_BYTES or len(signature.value) != _SIGNATURE_BYTES:
        raise TlvError("a part of the card's key record has a wrong length")
    # Unlike in EF 0004, tag and length are signed as well: 270 bytes.
    return CardKeyRecord(_modulus(key.value), key.encoded, signature.value)


def _modulus(key: bytes) -> int:
    modulus = int.from_bytes(key[len(_KEY_HEADER) :], "big")
    if not key.startswith(_KEY_HEADER) or modulus.bit_length() != 8 * _MODULUS_BYTES or modulus % 2 == 0:
        raise TlvError("the certified key is not RSA-2048 with exponent 65537")
    return modulus


def _outer(source: bytes, tag: int | None) -> Tlv:
    outer = read_object(source)
    if outer.tag != tag:
        raise TlvError("the file does not begin with its object")
    return outer
