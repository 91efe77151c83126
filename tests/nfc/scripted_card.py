"""A small card for the tests of `nfc`, written from the byte examples of card.md and from nothing else.

It knows just enough to tell right commands from wrong ones, counts what it is asked, and can be told to misbehave.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.utils import NoDigestInfo

TEXT = bytes.fromhex("D3921000310001010408")
JPKI = bytes.fromhex("D392F000260100000001")
VISUAL = bytes.fromhex("D3921000310001010402")

TEXT_PIN, AUTH_PIN, SIGN_PIN = "2580", "1470", "TEST123"

VECTOR_A = bytes.fromhex(
    "FF2065"
    "DF2108000E002000590064"
    "DF220FE9BB92E6A190E38080E5B9B9E4B99F"
    "DF2336E69DB1E4BAACE983BDE6B885E780ACE5B882E8A6B3E5B883E5AD90E58D97"
    "EFBC91EFBC92EFBC8DEFBC97EFBC8DEFBC92EFBC90EFBC92"
    "DF24083139383030323137"
    "DF250131"
)
NAME_A, ADDRESS_A = "黒桐　幹也", "東京都清瀬市観布子南１２－７－２０２"

RECORD_0003 = bytes.fromhex("FF3082014B") + bytes(range(256)) + bytes(75)
RECORD_0004 = bytes.fromhex("7F21820233") + bytes(563)

NUMBER_B = "55021720352285"
BASIC_INFORMATION = (
    bytes.fromhex("FF4082009FDF410401030E01DF4210")
    + b"9000034\x08\x05001\x00\x00\x00\x00"
    + bytes.fromhex("DF43820080")
    + bytes(range(32))
    + b"\xff" * 96
)
CARD_KEY_RECORD = (
    bytes.fromhex("FF50820213DF51820109900301000191820100") + bytes(256) + bytes.fromhex("DF52820100") + bytes(256)
)

SIGNING_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def certificate(total: int) -> bytes:
    """Bytes with the outline of a certificate: a DER sequence of `total` bytes."""
    return b"\x30\x82" + (total - 4).to_bytes(2, "big") + bytes(index % 251 for index in range(total - 4))


def sw(value: int) -> bytes:
    """A status word as an answer."""
    return value.to_bytes(2, "big")


@dataclass
class Key:
    """A PIN object: its value, tries and how many it has when full."""

    value: bytes
    full: int
    tries: int


@dataclass
class ScriptedCard:
    """The card. `override` may answer a command itself (return bytes) or leave it to the card (return None)."""

    certificate: bytes | None = field(default_factory=lambda: certificate(1400))
    four_information: bytes = VECTOR_A + b"\xff" * 200
    has_text_application: bool = True
    basic_information: bytes = BASIC_INFORMATION
    extended: bool = True
    token_label: bytes = b"JPKIAPICCTOKEN2"
    files_without_pin: bool = False
    override: Callable[[bytes, int], bytes | None] = lambda apdu, index: None
    sent: list[bytes] = field(default_factory=list)
    powered: bool = False
    times_powered_on: int = 0

    def __post_init__(self) -> None:
        self.keys: dict[tuple[bytes, int], Key] = {
            (TEXT, 0x11): Key(TEXT_PIN.encode(), 3, 3),
            (JPKI, 0x18): Key(AUTH_PIN.encode(), 3, 3),
            (JPKI, 0x1B): Key(SIGN_PIN.encode(), 5, 5),
            (TEXT, 0x15): Key(NUMBER_B.encode(), 10, 10),
        }
        self._deselect()

    def _deselect(self) -> None:
        self.aid: bytes | None = None
        self.file: int | None = None
        self.verified: set[tuple[bytes, int]] = set()

    # The three calls of a card object.

    def power_on(self) -> bytes:
        self.powered = True
        self.times_powered_on += 1
        self._deselect()
        return bytes.fromhex("3B8880010000000000000000")

    def power_off(self) -> None:
        self.powered = False
        self._deselect()

    def transmit(self, apdu: bytes) -> bytes:
        assert self.powered
        index = len(self.sent)
        self.sent.append(apdu)
        answer = self.override(apdu, index)
        return self._answer(apdu) if answer is None else answer

    # What the commands do.

    def _answer(self, apdu: bytes) -> bytes:
        handlers: Mapping[bytes, Callable[[bytes], bytes]] = {
            bytes.fromhex("00A4040C"): self._select_application,
            bytes.fromhex("00A4020C"): self._select_file,
        }
        if apdu[:4] in handlers:
            return handlers[apdu[:4]](apdu)
        by_instruction = {
            (0x00, 0x20): self._verify,
            (0x00, 0xB0): self._read,
            (0x80, 0x2A): self._sign,
            (0x00, 0x24): self._change,
        }
        handler = by_instruction.get((apdu[0], apdu[1]))
        return sw(0x6D00) if handler is None else handler(apdu)

    def _select_application(self, apdu: bytes) -> bytes:
        there = {JPKI, VISUAL} | ({TEXT} if self.has_text_application else set())
        if apdu[4] != len(apdu) - 5 or apdu[5:] not in there:
            return sw(0x6A82)
        self.aid, self.file = apdu[5:], None
        self.verified.clear()
        return sw(0x9000)

    def _select_file(self, apdu: bytes) -> bytes:
        self.file = int.from_bytes(apdu[5:7], "big")
        return sw(0x9000)

    def _verify(self, apdu: bytes) -> bytes:
        where = (self.aid or b"", apdu[3] & 0x1F)
        key = self.keys.get(where)
        if key is None:
            return sw(0x6A88)
        if len(apdu) == 4:
            return sw(0x63C0 | key.tries)
        assert apdu[4] == len(apdu) - 5, "VERIFY carries Lc and the PIN, and no Le"
        if key.tries == 0:
            return sw(0x6984)
        if apdu[5:] == key.value:
            key.tries = key.full
            self.verified.add(where)
            return sw(0x9000)
        key.tries -= 1
        return sw(0x63C0 | key.tries)

    def _change(self, apdu: bytes) -> bytes:
        where = (self.aid or b"", self.file or 0)
        if apdu[2:4] != b"\x01\x80" or where not in self.keys or apdu[4] != len(apdu) - 5:
            return sw(0x6A86)
        if where not in self.verified:
            return sw(0x6982)
        self.keys[where].value = apdu[5:]
        return sw(0x9000)

    def _contents(self) -> dict[int, bytes | None]:
        if self.aid == TEXT:
            return {
                0x02: self.four_information,
                0x03: RECORD_0003,
                0x04: RECORD_0004,
                0x05: self.basic_information,
                0x07: CARD_KEY_RECORD,
            }
        return {
            0x06: self.token_label.ljust(32) + bytes(128),
            0x0A: self.certificate,
            0x0B: certificate(950),
        }

    def _read(self, apdu: bytes) -> bytes:
        if apdu[2] & 0x80:
            self.file, offset = apdu[2] & 0x1F, apdu[3]
        else:
            offset = apdu[2] << 8 | apdu[3]
        if self.file is None:
            return sw(0x6986)
        content = self._contents().get(self.file)
        if content is None:
            return sw(0x6A82)
        opened = {(TEXT, 0x11), (TEXT, 0x15)} & self.verified
        if self.aid == TEXT and self.file in (2, 3, 7) and not opened:
            return sw(0x6982)
        if len(apdu) == 7 and not self.extended:
            return sw(0x6700)
        expected = 65_536 if len(apdu) == 7 else apdu[4] or 256
        if offset >= len(content):
            return sw(0x6B00)
        return content[offset : offset + expected] + sw(0x9000)

    def _sign(self, apdu: bytes) -> bytes:
        if self.aid == TEXT and apdu[2:5] == b"\x00\x00\x33":
            return SIGNING_KEY.sign(apdu[5:-1], PKCS1v15(), NoDigestInfo()) + sw(0x9000)
        if self.aid != JPKI or apdu[2:5] != b"\x00\x97\x33" or apdu[-1:] != b"\x00":
            return sw(0x6A86)
        if (JPKI, 0x18) not in self.verified:
            return sw(0x6982)
        return SIGNING_KEY.sign(apdu[5:-1], PKCS1v15(), NoDigestInfo()) + sw(0x9000)
