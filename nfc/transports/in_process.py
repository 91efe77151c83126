"""A card object in the same process as a transport: the default for tests and the demonstration (card.md 12.1)."""

from typing import Protocol

from nfc.problems import CardProblem, Outcome


class CardObject(Protocol):
    """What such a card offers. An OSError from it means that the card is gone."""

    def power_on(self) -> bytes:
        """Power on and return the ATR."""

    def power_off(self) -> None:
        """Power off."""

    def transmit(self, apdu: bytes, /) -> bytes:
        """Answer one command."""


class InProcess:
    """Calls a card object directly. One session at a time."""

    def __init__(self, card: CardObject) -> None:
        self._card = card
        self._is_open = False

    def open(self) -> None:
        """Power the card on. Its ATR is not looked at (N9) nor kept (N4). Raises `CardProblem` card_busy, no_card."""
        if self._is_open:
            raise CardProblem(Outcome.CARD_BUSY)
        try:
            self._card.power_on()
        except OSError:
            raise CardProblem(Outcome.NO_CARD) from None
        self._is_open = True

    def transmit(self, apdu: bytes) -> bytes:
        """Hand the command to the card. Raises `CardProblem` card_removed when the card is gone."""
        if not self._is_open:
            raise CardProblem(Outcome.NO_CARD)
        try:
            return self._card.transmit(apdu)
        except OSError:
            raise CardProblem(Outcome.CARD_REMOVED) from None

    def close(self) -> None:
        """Power the card off."""
        if self._is_open:
            self._is_open = False
            self._card.power_off()
