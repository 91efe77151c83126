"""The card's applications and files as data: what exists, and which key opens what (card.md section 3).

`opened_by` lists key EFs of the same application, any one of which is enough; an empty tuple means free. Whether a
file is on a given card is decided by the card's profile: a card for a child under 15 has no signature certificate.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final, NewType

FileId = NewType("FileId", int)

FREE: Final[tuple[FileId, ...]] = ()

NO_FILE_ID: Final = FileId(0x0000)
"""Of a key that no command can name: it works as its application's own."""


@dataclass(frozen=True)
class DataFile:
    """A transparent EF, read by READ BINARY."""

    fid: FileId
    name: str
    opened_by: tuple[FileId, ...] = FREE


@dataclass(frozen=True)
class SecretForm:
    """What a PIN or verification number may look like when it is *set*; a comparison takes any 1 to 16 bytes."""

    pattern: re.Pattern[bytes]

    def allows(self, value: bytes) -> bool:
        """Whether the card accepts `value` as a new secret."""
        return self.pattern.fullmatch(value) is not None


FOUR_DIGITS = SecretForm(re.compile(rb"[0-9]{4}"))
SIX_DIGITS = SecretForm(re.compile(rb"[0-9]{6}"))
TWELVE_DIGITS = SecretForm(re.compile(rb"[0-9]{12}"))
FOURTEEN_DIGITS = SecretForm(re.compile(rb"[0-9]{14}"))
SIGNATURE_PASSWORD = SecretForm(re.compile(rb"(?=.*[0-9])(?=.*[A-Z])[A-Z0-9]{6,16}"))


@dataclass(frozen=True)
class PinFile:
    """A key EF with a retry counter. `changed_by` is the command that sets a new value, None where there is none."""

    fid: FileId
    name: str
    tries: int
    form: SecretForm
    changed_by: Change | None = None


@dataclass(frozen=True)
class PrivateKeyFile:
    """A key EF that signs."""

    fid: FileId
    name: str
    opened_by: tuple[FileId, ...] = FREE


@dataclass(frozen=True)
class SealedKeyFile:
    """A key EF the card uses by itself: it can be selected and nothing more."""

    fid: FileId
    name: str


@dataclass(frozen=True)
class RecordFile:
    """An EF of numbered records, read by READ RECORD."""

    fid: FileId
    name: str


@dataclass(frozen=True)
class UnknownFile:
    """An EF that is known to exist and nothing else: it can be selected, and shows nothing."""

    fid: FileId
    name: str = "purpose not known"


File = DataFile | PinFile | PrivateKeyFile | SealedKeyFile | RecordFile | UnknownFile


class Change(Enum):
    """The command by which an application changes a secret (card.md section 5)."""

    REFERENCE_DATA = "CHANGE REFERENCE DATA"
    KEY = "CHANGE KEY"


@dataclass(frozen=True)
class Application:
    """An application with its whole AID, and its own key, which signs when P2 names none (card.md section 5)."""

    name: str
    aid: bytes
    files: tuple[File, ...]
    own_key: PrivateKeyFile | None = None

    def find(self, fid: int) -> File | None:
        """The file with this id, whether or not a given card carries it."""
        return next((file for file in self.files if file.fid == fid), None)

    def placed(self) -> tuple[File, ...]:
        """Every file of the application, with the own key, which need not have an id."""
        return self.files if self.own_key is None or self.own_key in self.files else (*self.files, self.own_key)


def _fids(*values: int) -> tuple[FileId, ...]:
    return tuple(FileId(value) for value in values)


_TEXT_OWN_KEY = PrivateKeyFile(FileId(0x0013), "internal authentication key")

# 照合番号A and B belong to 0014 and 0015 here; in 0402 it is the other way round (card.md 3.3).
TEXT = Application(
    name="text",
    aid=bytes.fromhex("D3921000310001010408"),
    own_key=_TEXT_OWN_KEY,
    files=(
        DataFile(FileId(0x0001), "my number", opened_by=_fids(0x0011, 0x0014)),
        DataFile(FileId(0x0002), "four information", opened_by=_fids(0x0011, 0x0015)),
        DataFile(FileId(0x0003), "integrity record", opened_by=_fids(0x0011, 0x0014, 0x0015)),
        DataFile(FileId(0x0004), "CV certificate"),
        DataFile(FileId(0x0005), "basic information"),
        DataFile(FileId(0x0006), "session key", opened_by=_fids(0x0011, 0x0014, 0x0015)),
        DataFile(FileId(0x0007), "signed card key", opened_by=_fids(0x0011, 0x0014, 0x0015)),
        DataFile(FileId(0x0008), "filler"),
        PinFile(FileId(0x0011), "text PIN", tries=3, form=FOUR_DIGITS, changed_by=Change.REFERENCE_DATA),
        PinFile(FileId(0x0012), "unused, always blocked", tries=3, form=FOUR_DIGITS),
        _TEXT_OWN_KEY,
        PinFile(FileId(0x0014), "verification number A", tries=10, form=TWELVE_DIGITS),
        PinFile(FileId(0x0015), "verification number B", tries=10, form=FOURTEEN_DIGITS),
    ),
)

JPKI = Application(
    name="jpki",
    aid=bytes.fromhex("D392F000260100000001"),
    files=(
        DataFile(FileId(0x0001), "signature certificate", opened_by=_fids(0x001B)),
        DataFile(FileId(0x0002), "signature CA certificate"),
        UnknownFile(FileId(0x0005)),
        DataFile(FileId(0x0006), "token information"),
        DataFile(FileId(0x0008), "which certificates are present"),
        UnknownFile(FileId(0x0009)),
        DataFile(FileId(0x000A), "authentication certificate"),
        DataFile(FileId(0x000B), "authentication CA certificate"),
        UnknownFile(FileId(0x0010)),
        SealedKeyFile(FileId(0x0016), "terminal certificate key"),
        PrivateKeyFile(FileId(0x0017), "authentication key", opened_by=_fids(0x0018)),
        PinFile(FileId(0x0018), "authentication PIN", tries=3, form=FOUR_DIGITS, changed_by=Change.REFERENCE_DATA),
        UnknownFile(FileId(0x0019)),
        PrivateKeyFile(FileId(0x001A), "signature key", opened_by=_fids(0x001B)),
        PinFile(
            FileId(0x001B), "signature password", tries=5, form=SIGNATURE_PASSWORD, changed_by=Change.REFERENCE_DATA
        ),
        UnknownFile(FileId(0x001C)),
        UnknownFile(FileId(0x001E)),
    ),
)

# Of this application the bytes of most files are not known well enough to be made: what can't be made is selected,
# guarded by its secret, and empty. Its own key signs (card.md 5), but the id of that key's EF is not known.
# How often the birth date may be wrong is not known either; it has as many tries as the two numbers on the face.
VISUAL = Application(
    name="visual",
    aid=bytes.fromhex("D3921000310001010402"),
    own_key=PrivateKeyFile(NO_FILE_ID, "own key"),
    files=(
        DataFile(FileId(0x0001), "birth date record", opened_by=_fids(0x0011)),
        DataFile(FileId(0x0002), "face of the card", opened_by=_fids(0x0012, 0x0013)),
        DataFile(FileId(0x0003), "basic information"),
        DataFile(FileId(0x0004), "CV certificate"),
        DataFile(FileId(0x0005), "my number as an image", opened_by=_fids(0x0013)),
        PinFile(FileId(0x0011), "birth date by era", tries=10, form=SIX_DIGITS),
        PinFile(FileId(0x0012), "verification number B", tries=10, form=FOURTEEN_DIGITS),
        PinFile(FileId(0x0013), "verification number A", tries=10, form=TWELVE_DIGITS),
    ),
)

RESIDENCE = Application(
    name="residence",
    aid=bytes.fromhex("D3921000310001010401"),
    files=(
        SealedKeyFile(FileId(0x0002), "key reference"),
        PinFile(FileId(0x001C), "residence PIN", tries=3, form=FOUR_DIGITS, changed_by=Change.KEY),
    ),
)

COMMON = Application(
    name="common",
    aid=bytes.fromhex("D3921000310001010100"),
    files=(
        RecordFile(FileId(0x0001), "serial number, municipality, expiry"),
        SealedKeyFile(FileId(0x0019), "internal authentication key"),
        PinFile(FileId(0x001C), "card PIN", tries=3, form=FOUR_DIGITS, changed_by=Change.KEY),
    ),
)

CARD_APPLICATIONS: Final = (TEXT, JPKI, VISUAL, RESIDENCE, COMMON)
"""Everything a My Number card answers to."""

# The applet of an Android phone answers the same AID but wants the PIN before it shows the certificate.
JPKI_ON_ANDROID = replace(
    JPKI,
    files=tuple(
        replace(file, opened_by=_fids(0x0018)) if isinstance(file, DataFile) and file.fid == 0x000A else file
        for file in JPKI.files
    ),
)

ISSUER_DOMAIN_AID = bytes.fromhex("A0000001510000")
"""Selecting the GlobalPlatform issuer domain puts a card back into its power-on state (card.md section 2)."""


@dataclass(frozen=True, order=True)
class FileRef:
    """One file of one application; the text form (`text:0011`) names counters in stored state."""

    application: str
    fid: int

    def __str__(self) -> str:
        return f"{self.application}:{self.fid:04X}"


def ref(application: Application, fid: int) -> FileRef:
    """The reference of an EF of an application of this module."""
    return FileRef(application.name, fid)
