"""The PINs of the card as values that cannot be empty, malformed or shown by accident (card.md sections 1 and 7)."""

import re
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NoReturn, TypeAlias, final


class PinKind(StrEnum):
    """Which secret is meant. Each has its own key and counter on the card, even if a person chose equal digits."""

    TEXT = "text"
    """券面事項入力補助用暗証番号, key 0408:0011."""
    AUTH = "auth"
    """利用者証明用電子証明書暗証番号, key JPKI:0018."""
    SIGN = "sign"
    """署名用電子証明書暗証番号, key JPKI:001B. The service itself never asks for it (N11)."""
    NUMBER_B = "number_b"
    """照合番号B, key 0408:0015: computed from what is printed on the card (`nfc.counter`). At a counter only."""


# ASCII classes are spelled out: \d and str.isdigit() would let full-width digits pass, which the card does not know.
PIN_FORMS: Final[Mapping[PinKind, re.Pattern[str]]] = MappingProxyType(
    {
        PinKind.TEXT: re.compile(r"[0-9]{4}"),
        PinKind.AUTH: re.compile(r"[0-9]{4}"),
        PinKind.SIGN: re.compile(r"(?=[A-Z0-9]*[A-Z])(?=[A-Z0-9]*[0-9])[A-Z0-9]{6,16}"),
        PinKind.NUMBER_B: re.compile(r"[0-9]{14}"),
    }
)

SLOT_BYTES: Final[Mapping[PinKind, int]] = MappingProxyType({PinKind.TEXT: 4, PinKind.AUTH: 4})
"""PINs of one fixed length, for which a command can be written before the PIN is known (section 12.1, relay)."""


class PinFormatError(ValueError):
    """The value does not have the form of this PIN. Nothing was sent, so no try was used. The value is not told."""

    def __init__(self, kind: PinKind) -> None:
        self.kind = kind
        super().__init__(f"the {kind.value} PIN does not have the right form")


@final
class Pin:
    """One entered PIN. It is shown by no repr, str, format, vars or pickle; only `apdu_bytes` gives it out (N5, N6).

    Raises `PinFormatError` for anything that is not exactly the form of section 7, the empty value included: an
    empty VERIFY would be a query, whose answer looks like a wrong PIN.
    """

    __slots__ = ("__value", "kind")

    kind: PinKind

    def __init__(self, kind: PinKind, value: str) -> None:
        if not isinstance(value, str) or PIN_FORMS[kind].fullmatch(value) is None:
            raise PinFormatError(kind)
        self.kind = kind
        self.__value = value

    def apdu_bytes(self) -> bytes:
        """The PIN as the data field of VERIFY: ASCII, no padding (section 7)."""
        return self.__value.encode("ascii")

    def __repr__(self) -> str:
        return f"Pin({self.kind.value}, hidden)"

    def __reduce__(self) -> NoReturn:
        # Pickle and copy would carry the secret into caches, queues and other processes.
        raise TypeError("a Pin cannot be copied or serialised")


@final
class PinSlot:
    """The place of a PIN that is known elsewhere: a relay's server writes the command, the phone fills the slot.

    Raises ValueError for a PIN without one fixed length.
    """

    __slots__ = ("kind",)

    def __init__(self, kind: PinKind) -> None:
        if kind not in SLOT_BYTES:
            raise ValueError("a PIN of no fixed length has no slot")
        self.kind = kind

    def apdu_bytes(self) -> bytes:
        """Zeros, as long as the PIN: no card takes them for one, as none of them is a digit."""
        return bytes(SLOT_BYTES[self.kind])

    def __repr__(self) -> str:
        return f"PinSlot({self.kind.value})"


PinInput: TypeAlias = Pin | PinSlot
"""What a procedure is given as a PIN. It only places `apdu_bytes()` into VERIFY."""
