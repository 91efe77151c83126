"""All that makes one card: contents, secrets, keys and behaviour switches. A card without a file has no entry here."""

from __future__ import annotations

from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from card_sim.files import CARD_APPLICATIONS, Application, FileRef
from card_sim.status import Status

CONTACTLESS_ATR = bytes.fromhex("3B88800154455354B381A1008C")
"""Contactless ATR whose application data spell "TEST" (card.md section 2)."""

CONTACT_ATR = bytes.fromhex("3BE000FF8131FE4514")


PrivateKey = RSAPrivateKey | EllipticCurvePrivateKey
"""RSA on every card of today; the next generation is said to have another algorithm (card.md section 10)."""


@dataclass(frozen=True)
class Behaviour:
    """Points in which cards, or sources about them, differ (card.md section 13). Defaults are the faithful ones."""

    atr: bytes = CONTACTLESS_ATR
    clear_on_select: bool = True
    """SELECT of an application drops every verified state."""
    clear_on_reset: bool = False
    """A warm reset drops every verified state; False is what was seen on a real card."""
    blocked_word: int = Status.KEY_BLOCKED
    """VERIFY of a blocked key: 6984 (JICSAP) or 6983 (ISO)."""
    extended_length: bool = True
    first_command_6f00: bool = False
    """The first command after power-up is answered with 6F00 and not carried out."""
    unknown_application_word: int = Status.FILE_NOT_FOUND
    """SELECT of an application that is not there; a card of another kind may not even know SELECT."""


@dataclass(frozen=True)
class CardProfile:
    """One card as personalised. Secrets and keys stay out of `repr`."""

    contents: dict[FileRef, bytes] = field(repr=False)
    secrets: dict[FileRef, bytes] = field(repr=False)
    private_keys: dict[FileRef, PrivateKey] = field(repr=False)
    initial_tries: dict[FileRef, int] = field(default_factory=dict)
    """Counters that do not start full: a card that reached the tester already blocked."""
    closed_files: frozenset[FileRef] = frozenset()
    """Files that are there and show nothing: sealed keys, and EFs whose purpose nobody knows."""
    records: dict[FileRef, tuple[bytes, ...]] = field(default_factory=dict, repr=False)
    data_objects: dict[int, bytes] = field(default_factory=dict, repr=False)
    """What GET DATA answers, by tag."""
    applications: tuple[Application, ...] = CARD_APPLICATIONS
    behaviour: Behaviour = Behaviour()

    def carries(self, reference: FileRef) -> bool:
        """Whether this card has the file at all."""
        return (
            reference in self.contents
            or reference in self.secrets
            or reference in self.private_keys
            or reference in self.closed_files
            or reference in self.records
        )
