"""A BER reader with limits, following card.md section 4 (it is BER, not DER: real cards write long lengths freely)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

MAX_TOTAL: Final = 4_096
"""Bytes of one whole object with its header, for text files and certificates alike."""

MAX_DEPTH: Final = 3
FILLER: Final = frozenset({0x00, 0xFF})
_LONG_TAG: Final = 0x1F


class TlvError(ValueError):
    """The bytes break the rules of section 4. The message names the rule and never holds the bytes."""


class TlvIncomplete(TlvError):
    """More bytes are needed before this object can be read."""


@dataclass(frozen=True, slots=True, repr=False)
class Tlv:
    """One object inside `source`. Positions count from byte 0 of the file, as the card's offset table does."""

    source: bytes
    tag: int
    start: int
    value_start: int
    end: int
    depth: int

    @property
    def value(self) -> bytes:
        """The value bytes, without tag and length."""
        return self.source[self.value_start : self.end]

    @property
    def encoded(self) -> bytes:
        """The whole object with tag and length, as signatures of the card cover it."""
        return self.source[self.start : self.end]

    def __repr__(self) -> str:
        return f"Tlv({self.tag:X}, {self.end - self.value_start} bytes)"


def read_object(source: bytes, start: int = 0) -> Tlv:
    """The outermost object at `start`. What follows it (filler) is not looked at.

    Raises `TlvIncomplete` when bytes are missing, `TlvError` for forms that no card uses or that break a limit.
    """
    return _read(source, start, limit=len(source), depth=1)


def object_length(source: bytes) -> int:
    """Total bytes of the object that begins the file, from its header alone: how much there is to read.

    Raises `TlvIncomplete` while the header itself is not complete, `TlvError` as `read_object`.
    """
    _, value_start, length = _read_header(source, 0, limit=len(source))
    return value_start + length


def children(parent: Tlv) -> Iterator[Tlv]:
    """The objects inside `parent` in their order, up to its end or to filler (FF or 00)."""
    if parent.depth >= MAX_DEPTH:
        raise TlvError("objects are nested too deep")
    position = parent.value_start
    while position < parent.end and parent.source[position] not in FILLER:
        child = _read(parent.source, position, limit=parent.end, depth=parent.depth + 1)
        yield child
        position = child.end


def _read(source: bytes, start: int, *, limit: int, depth: int) -> Tlv:
    tag, value_start, length = _read_header(source, start, limit)
    end = value_start + length
    if end > limit:
        raise TlvIncomplete("an object is longer than what holds it")
    return Tlv(source, tag, start, value_start, end, depth)


def _read_header(source: bytes, start: int, limit: int) -> tuple[int, int, int]:
    tag, position = _read_tag(source, start, limit)
    first = _byte(source, position, limit)
    position += 1
    if first < 0x80:
        length = first
    elif first in (0x81, 0x82):
        width = first - 0x80
        if position + width > limit:
            raise TlvIncomplete("a length is cut off")
        length = int.from_bytes(source[position : position + width], "big")
        position += width
    else:
        raise TlvError("an indefinite length or one of more than two bytes")
    if position + length - start > MAX_TOTAL:
        raise TlvError("an object is longer than the limit")
    return tag, position, length


def _read_tag(source: bytes, start: int, limit: int) -> tuple[int, int]:
    first = _byte(source, start, limit)
    if first & _LONG_TAG != _LONG_TAG:
        return first, start + 1
    second = _byte(source, start + 1, limit)
    if second >= 0x80:
        raise TlvError("a tag of more than two bytes")
    return first << 8 | second, start + 2


def _byte(source: bytes, position: int, limit: int) -> int:
    if not 0 <= position < limit:
        raise TlvIncomplete("an object is cut off")
    return source[position]
