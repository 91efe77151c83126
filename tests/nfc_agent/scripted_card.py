"""A card of a few files and two PINs that counts like the real one: just enough to talk to the agent's procedures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa, utils

from nfc.four_information import signed_part
from nfc.problems import CardProblem, Outcome
from nfc.transports import Transport
from nfc.transports.in_process import InProcess
from nfc.trust import CvKey
from tests.nfc_trust.hierarchy import (
    KEY_ID,
    Leaf,
    Root,
    card_key_record,
    cv_certificate,
    four_information_file,
    integrity_record,
    modulus,
    rsa_key,
)

TEXT_PIN, AUTH_PIN = "2580", "1470"
NAME = "秘匿　カナリ"
ADDRESS = "みらい県あさひ市本町１丁目"
ROOT = Root("authentication 1")
LEAF = Leaf(ROOT)
CV_KEYS = {KEY_ID: CvKey(modulus(rsa_key("cv root")), environment="test")}

TEXT_AP = bytes.fromhex("D3921000310001010408")
JPKI_AP = bytes.fromhex("D392F000260100000001")
OK, NOT_FOUND, NOT_VERIFIED, BLOCKED = b"\x90\x00", b"\x6a\x82", b"\x69\x82", b"\x69\x84"
TEXT_KEY, AUTH_KEY = 0x11, 0x18


@dataclass
class Card:
    """`tries` by key; `commands` is everything that reached the card; `fail_at` raises at the n-th command (from 0)."""

    leaf: Leaf = LEAF
    name: str = NAME
    tries: dict[int, int] = field(default_factory=lambda: {TEXT_KEY: 3, AUTH_KEY: 3})
    foreign: bool = False
    wrong_signature: bool = False
    proof_key: str | None = "card"
    """Which key answers for the card itself; None for a card without such a key."""
    has_pins: bool = True
    commands: list[bytes] = field(default_factory=list)
    fail_at: int | None = None
    before_each: Callable[[], None] | None = None

    def __post_init__(self) -> None:
        items = four_information_file(self.name)
        town = rsa_key("town")
        self.pins = {TEXT_KEY: TEXT_PIN, AUTH_KEY: AUTH_PIN}
        self.files = {
            (TEXT_AP, 2): items,
            (TEXT_AP, 3): bytes(integrity_record(town, signed_part(items))),
            (TEXT_AP, 4): cv_certificate(rsa_key("cv root"), town),
            (JPKI_AP, 0x0A): self.leaf.der(),
        }
        if self.proof_key is not None:
            self.files[TEXT_AP, 7] = card_key_record(town, rsa_key("card"))
        self.power_off()

    def power_on(self) -> bytes:
        self.power_off()
        return bytes.fromhex("3B8880015445535 4B381A1008C".replace(" ", ""))

    def power_off(self) -> None:
        self.application = b""
        self.current = 0
        self.verified: set[int] = set()

    def verifications(self) -> list[bytes]:
        """VERIFY commands that carried a PIN, as they arrived."""
        return [apdu for apdu in self.commands if apdu[1] == 0x20 and len(apdu) > 4]

    def transmit(self, apdu: bytes) -> bytes:
        if self.before_each is not None:
            self.before_each()
        if self.fail_at == len(self.commands):
            self.fail_at = None
            raise OSError("gone")
        self.commands.append(apdu)
        match apdu[1]:
            case 0xA4:
                return self._select(apdu[5:15])
            case 0x20:
                return self._verify(apdu[3] & 0x1F, apdu[5:].decode("ascii"))
            case 0xB0:
                return self._read(apdu)
            case 0x2A:
                return self._sign(apdu[5:56])
        return b"\x6d\x00"

    def _select(self, aid: bytes) -> bytes:
        if self.foreign or aid not in (TEXT_AP, JPKI_AP):
            return NOT_FOUND
        self.application = aid
        return OK

    def _verify(self, key: int, pin: str) -> bytes:
        if not self.has_pins:
            return b"\x6a\x88"
        left = self.tries[key]
        if not pin:
            return bytes([0x63, 0xC0 | left])
        if left == 0:
            return BLOCKED
        if pin != self.pins[key]:
            self.tries[key] = left - 1
            return bytes([0x63, 0xC0 | left - 1])
        self.tries[key] = 3
        self.verified.add(key)
        return OK

    def _read(self, apdu: bytes) -> bytes:
        offset = apdu[2] << 8 | apdu[3]
        if apdu[2] & 0x80:
            self.current, offset = apdu[2] & 0x1F, apdu[3]
        if self.application == TEXT_AP and self.current in (2, 3, 7) and TEXT_KEY not in self.verified:
            return NOT_VERIFIED
        content = self.files.get((self.application, self.current))
        if content is None:
            return NOT_FOUND
        return content[offset : offset + (apdu[4] or 256)] + OK

    def _sign(self, digest_info: bytes) -> bytes:
        if self.application == TEXT_AP:
            assert self.proof_key is not None, "a card without the key was asked to sign with it"
            return _signed(rsa_key(self.proof_key), digest_info)
        if AUTH_KEY not in self.verified:
            return NOT_VERIFIED
        key = rsa_key("another leaf") if self.wrong_signature else self.leaf.key
        return _signed(key, digest_info)


def _signed(key: rsa.RSAPrivateKey, digest_info: bytes) -> bytes:
    return key.sign(digest_info[-32:], padding.PKCS1v15(), utils.Prehashed(hashes.SHA256())) + OK


class ScriptedReader:
    """A reader on which tests lay cards."""

    def __init__(self, card: Card | None = None) -> None:
        self.card = card
        self.absent_looks = 0
        self.looks_since = 0
        self.gone_at_open = False

    def card_present(self) -> bool:
        if self.absent_looks:
            self.absent_looks -= 1
            self.looks_since = 0
            return False
        self.looks_since += 1
        return self.card is not None

    def transport(self) -> Transport:
        if self.card is None:
            return _Gone()
        if self.gone_at_open:
            self.gone_at_open, self.card = False, None
            return _Gone()
        return InProcess(self.card)


class _Gone:
    """The way to a card that was taken away a moment ago."""

    def open(self) -> None:
        raise CardProblem(Outcome.NO_CARD)

    def transmit(self, apdu: bytes) -> bytes:
        raise CardProblem(Outcome.NO_CARD)

    def close(self) -> None:
        pass
