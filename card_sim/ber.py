"""BER objects as this card writes them (card.md section 4): one- or two-byte tags, short, 81 or 82 lengths."""

from __future__ import annotations

MAX_VALUE = 0xFFFF


def encode_length(length: int, octets: int | None = None) -> bytes:
    """The length field for `length` value bytes.

    `octets` fixes the form: 1 short, 2 for 81, 3 for 82. Real cards write non-minimal lengths in places, so the form
    can be chosen; None takes the shortest. Raises ValueError when the length does not fit the form.
    """
    if octets is None:
        octets = 1 if length < 0x80 else 2 if length <= 0xFF else 3
    limit = {1: 0x7F, 2: 0xFF, 3: MAX_VALUE}[octets]
    if not 0 <= length <= limit:
        raise ValueError(f"a length of {length} does not fit a field of {octets} octets")
    if octets == 1:
        return bytes([length])
    return bytes([0x80 | (octets - 1)]) + length.to_bytes(octets - 1)


def encode(tag: str, value: bytes, length_octets: int | None = None) -> bytes:
    """One object: tag (hexadecimal, as written in card.md), length, value."""
    return bytes.fromhex(tag) + encode_length(len(value), length_octets) + value
