"""The PINs of the card as values that cannot be empty, malformed or shown by accident (card.md sections 1 and 7)."""

import re
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NoReturn, final


class PinKind(StrEnum):
    """Which secret is meant. Each has its own key and counter on the card, even if a person chose equal digits."""

    TEXT = "text"
    """券面事項入力補助用暗証番号, key 0408:0011."""
    AUTH = "auth"
    """利用者証明用電子証明書暗証番号, key JPKI:0018."""
    SIGN = "sign"
    """署名用電子証明書暗証番号, key JPKI:001B. The service itself never asks for it (N11)."""


# ASCII classes are spelled out: \d and str.isdigit() would let full-width digits pass, which the card does not know.
PIN_FORMS: Final[Mapping[PinKind, re.Pattern[str]]] = MappingProxyType(
    {
        PinKind.TEXT: re.compile(r"[0-9]{4}"),
        PinKind.AUTH: re.compile(r"[0-9]{4}"),
        PinKind.SIGN: re.compile(r"(?=[A-Z0-9]*[A-Z])(?=[A-Z0-9]*[0-9])[A-Z0-9]{6,16}"),
    }
)


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
