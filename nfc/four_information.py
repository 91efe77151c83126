"""The four items of EF 0408:0002: name, address, date of birth and sex (card.md sections 3.2 and 4)."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from nfc.tlv import Tlv, TlvError, children, read_object

FILE_TAG: Final = 0xFF20
OFFSETS_TAG: Final = 0xDF21
ITEM_TAGS: Final = (0xDF22, 0xDF23, 0xDF24, 0xDF25)
"""Name, address, birth, sex: in the order of the offset table."""

_OFFSETS_BYTES: Final = 8
_BIRTH_BYTES: Final = 8
_SEX_BYTES: Final = 1


class FourInformationError(TlvError):
    """The file is not as the card family writes it. The message never holds what was read."""


@dataclass(frozen=True, slots=True, repr=False)
class FourInformation:
    """The holder as the card states it, not normalised. Personal data: the repr shows none of it.

    `birth_date` is the card's text, normally YYYYMMDD; an unknown or partial date is kept as it is. `sex` is the
    card's one character (1 male, 2 female, 9 not applicable, 0 unknown), any other kept as it is.
    """

    name: str
    address: str
    birth_date: str
    sex: str

    def __repr__(self) -> str:
        return "FourInformation(hidden)"


def parse(raw: bytes) -> FourInformation:
    """Read the file, with or without the filler after the object. Raises `TlvError` or its kind if malformed."""
    name, address, birth, sex = (item.value for item in _items(read_object(raw)))
    if len(birth) != _BIRTH_BYTES or not all(0x20 <= byte < 0x7F for byte in birth):
        raise FourInformationError("the date of birth is not eight ASCII characters")
    if len(sex) != _SEX_BYTES:
        raise FourInformationError("the sex is not one byte")
    # Latin-1 keeps every byte value of an unforeseen sex code apart without refusing any.
    return FourInformation(_text(name), _text(address), birth.decode("ascii"), sex.decode("latin-1"))


def signed_part(raw: bytes) -> bytes:
    """The bytes whose SHA-256 the issuer signed in EF 0003: from the DF22 tag to the end of the outer object.

    The offset table and the filler are left out, so the table is checked against the real positions first
    (section 9, step 6). Raises `TlvError` or its kind if malformed.
    """
    outer = read_object(raw)
    name = _items(outer)[0]
    return raw[name.start : outer.end]


def _items(outer: Tlv) -> tuple[Tlv, Tlv, Tlv, Tlv]:
    if outer.tag != FILE_TAG:
        raise FourInformationError("the file does not begin with its object")
    found: dict[int, Tlv] = {}
    for child in children(outer):
        if child.tag not in (OFFSETS_TAG, *ITEM_TAGS):
            continue
        if child.tag in found:
            raise FourInformationError("an item is there twice")
        found[child.tag] = child
    if len(found) != 1 + len(ITEM_TAGS):
        raise FourInformationError("an item is missing")
    _check_offsets(found)
    name, address, birth, sex = (found[tag] for tag in ITEM_TAGS)
    return name, address, birth, sex


def _check_offsets(found: Mapping[int, Tlv]) -> None:
    """A changed table alone would not change the signed hash; comparing it with the real positions closes that gap."""
    table = found[OFFSETS_TAG].value
    if len(table) != _OFFSETS_BYTES:
        raise FourInformationError("the offset table does not have eight bytes")
    stated = [int.from_bytes(table[index : index + 2], "big") for index in range(0, _OFFSETS_BYTES, 2)]
    if stated != [found[tag].start for tag in ITEM_TAGS]:
        raise FourInformationError("the offset table does not point at the items")


def _text(value: bytes) -> str:
    with suppress(UnicodeDecodeError):
        return value.decode("utf-8")
    # Raised outside of the handler: the codec's own error carries the bytes and must not ride along as a context.
    raise FourInformationError("a text is not UTF-8")
