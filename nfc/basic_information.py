"""What the text application says of itself in EF 0408:0005 (card.md section 3.2)."""

from dataclasses import dataclass
from typing import Final

from nfc.tlv import TlvError, children, read_object

FILE_TAG: Final = 0xFF40
_CAPABILITIES_TAG: Final = 0xDF41
_CAPABILITIES_BYTES: Final = 4
_KEY_ID_TAG: Final = 0xDF42
_KEY_ID_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class BasicInformation:
    """Facts about the kind of card; nothing in it tells one card from another (N4).

    `extended_length` is whether the card declares support (03 on the cards seen; only 00 is taken for "none").
    `key_id` names a key of the application; it is not the one of EF 0004.
    """

    version: int
    extended_length: bool
    vendor: int
    key_id: bytes | None = None


def parse(raw: bytes) -> BasicInformation:
    """Read the file, with or without filler. Raises `TlvError` or its kind if malformed."""
    outer = read_object(raw)
    if outer.tag != FILE_TAG:
        raise TlvError("the file does not begin with its object")
    found = {child.tag: child.value for child in children(outer)}
    capabilities = found.get(_CAPABILITIES_TAG, b"")
    if len(capabilities) != _CAPABILITIES_BYTES:
        raise TlvError("the capabilities do not have four bytes")
    key_id = found.get(_KEY_ID_TAG)
    if key_id is not None and len(key_id) != _KEY_ID_BYTES:
        raise TlvError("the key id does not have sixteen bytes")
    version, extended, vendor, _ = capabilities
    return BasicInformation(version, extended != 0, vendor, key_id)
