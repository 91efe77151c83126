"""Applications, files and keys of the card as data (card.md sections 2, 3.1, 3.2 and 7)."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from nfc.pins import PinKind


@dataclass(frozen=True, slots=True)
class Application:
    """A card application. The whole AID is always sent: the card would accept a prefix and might take another one."""

    name: str
    aid: bytes


@dataclass(frozen=True, slots=True)
class ElementaryFile:
    """A file or key object inside an application. Every one of this card has a short id: the low five bits.

    `outer_tag` is the tag the content begins with; `over_256_bytes` says that it never fits one short read.
    """

    application: Application
    fid: int
    outer_tag: int | None = None
    over_256_bytes: bool = False

    @property
    def sfi(self) -> int:
        """The short EF id."""
        return self.fid & 0x1F


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key on the card. Sizes are data because the next card generation changes them (section 10)."""

    file: ElementaryFile
    pin: PinKind
    signature_bytes: int


TEXT_AP: Final = Application("券面事項入力補助AP", bytes.fromhex("D3921000310001010408"))
JPKI_AP: Final = Application("JPKI AP", bytes.fromhex("D392F000260100000001"))
VISUAL_AP: Final = Application("券面事項確認AP", bytes.fromhex("D3921000310001010402"))

FOUR_INFORMATION: Final = ElementaryFile(TEXT_AP, 0x0002, outer_tag=0xFF20)
INTEGRITY_RECORD: Final = ElementaryFile(TEXT_AP, 0x0003, outer_tag=0xFF30, over_256_bytes=True)
SIGNER_CERTIFICATE: Final = ElementaryFile(TEXT_AP, 0x0004, outer_tag=0x7F21, over_256_bytes=True)
BASIC_INFORMATION: Final = ElementaryFile(TEXT_AP, 0x0005, outer_tag=0xFF40)
CARD_KEY_RECORD: Final = ElementaryFile(TEXT_AP, 0x0007, outer_tag=0xFF50, over_256_bytes=True)
TOKEN_INFORMATION: Final = ElementaryFile(JPKI_AP, 0x0006)
AUTHENTICATION_CERTIFICATE: Final = ElementaryFile(JPKI_AP, 0x000A, outer_tag=0x30, over_256_bytes=True)
AUTHENTICATION_AUTHORITY: Final = ElementaryFile(JPKI_AP, 0x000B, outer_tag=0x30, over_256_bytes=True)

CARD_KEY_SIGNATURE_BYTES: Final = 256
"""A signature by the card's own key 0408:0013, which needs no PIN and is named by P2 00."""

AUTHENTICATION_KEY: Final = SigningKey(ElementaryFile(JPKI_AP, 0x0017), PinKind.AUTH, signature_bytes=256)

PIN_KEYS: Final[Mapping[PinKind, ElementaryFile]] = MappingProxyType(
    {
        PinKind.TEXT: ElementaryFile(TEXT_AP, 0x0011),
        PinKind.AUTH: ElementaryFile(JPKI_AP, 0x0018),
        PinKind.SIGN: ElementaryFile(JPKI_AP, 0x001B),
        PinKind.NUMBER_B: ElementaryFile(TEXT_AP, 0x0015),
    }
)

TOKEN_LABEL_BYTES: Final = 32
"""Only the label is read of the token information: a serial number follows it (N4)."""

PHONE_TOKEN_LABELS: Final = frozenset({b"JPKIAPGPSETOKEN", b"JPKIAPIOSTOKEN"})

COUNTER_KEYS: Final[Mapping[bytes, frozenset[int]]] = MappingProxyType(
    {TEXT_AP.aid: frozenset({PIN_KEYS[PinKind.NUMBER_B].sfi})}
)
"""Per AID: short ids of keys that only a counter may use (照合番号B, section 7)."""

DENIED_FILES: Final[Mapping[bytes, Mapping[int, str]]] = MappingProxyType(
    {
        TEXT_AP.aid: MappingProxyType({0x0001: "N1", 0x0014: "N2"}),
        VISUAL_AP.aid: MappingProxyType({0x0005: "N1", 0x0013: "N2"}),
    }
)
"""Per AID: files that nobody may touch in any way, with the rule of card.md section 1 that forbids it."""
