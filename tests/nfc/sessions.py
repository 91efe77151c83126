"""Helpers to run procedures on the scripted card as every caller does: guarded, opened and closed by `run`."""

from dataclasses import dataclass, field
from typing import TypeVar

import pytest

from nfc.pins import Pin, PinKind
from nfc.problems import CardProblem, Outcome
from nfc.procedures import Procedure
from nfc.transports import run
from nfc.transports.guard import Guarded
from nfc.transports.in_process import InProcess
from tests.nfc.scripted_card import AUTH_PIN, TEXT_PIN, ScriptedCard

T = TypeVar("T")

TEXT = Pin(PinKind.TEXT, TEXT_PIN)
AUTH = Pin(PinKind.AUTH, AUTH_PIN)
WRONG_TEXT = Pin(PinKind.TEXT, "0000")
WRONG_AUTH = Pin(PinKind.AUTH, "0000")


@dataclass
class Counting:
    """A card in this process that counts exchanges, and can be taken away at one of them."""

    card: ScriptedCard
    removed_at: int | None = None
    loss_is_final: bool = False
    counted_before_loss: bool = False
    exchanges: int = 0
    opened: int = 0
    closed: int = 0
    _inner: InProcess = field(init=False)

    def __post_init__(self) -> None:
        self._inner = InProcess(self.card)

    def open(self) -> None:
        self.opened += 1
        if self.loss_is_final and self.opened > 1:
            raise CardProblem(Outcome.NO_CARD)
        self._inner.open()

    def transmit(self, apdu: bytes) -> bytes:
        index, self.exchanges = self.exchanges, self.exchanges + 1
        if index == self.removed_at:
            if self.counted_before_loss:
                self._inner.transmit(apdu)
            raise CardProblem(Outcome.CARD_REMOVED)
        return self._inner.transmit(apdu)

    def close(self) -> None:
        self.closed += 1
        self._inner.close()


def read(procedure: Procedure[T], card: ScriptedCard) -> T:
    """Run on the card behind the guard."""
    return run(procedure, Guarded(InProcess(card)))


def refused(procedure: Procedure[T], card: ScriptedCard) -> CardProblem:
    """Run a procedure that must fail, and check on the way that the card was left without power."""
    with pytest.raises(CardProblem) as caught:
        read(procedure, card)
    assert not card.powered
    return caught.value


def pins_sent(card: ScriptedCard) -> list[bytes]:
    """The VERIFY commands with a PIN in them."""
    return [apdu for apdu in card.sent if apdu[1] == 0x20 and len(apdu) > 4]


def assert_every_verify_follows_its_query(sent: list[bytes]) -> None:
    """N7 and N8: directly before each VERIFY stands the query of the same key, and no key gets a second VERIFY."""
    keys = [apdu[3] for apdu in sent if apdu[1] == 0x20 and len(apdu) > 4]
    assert len(keys) == len(set(keys))
    for index, apdu in enumerate(sent):
        if apdu[1] == 0x20 and len(apdu) > 4:
            assert index > 0
            assert sent[index - 1] == apdu[:4]
