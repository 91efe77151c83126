"""What may happen between a card and its reader: a card object wrapped so that its answers go wrong (card.md 13).

Every wrapper behaves like a card. It counts commands from the moment it is laid on the reader, over all power-ups.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, Protocol

VERIFY_INSTRUCTION: Final = 0x20
NOISE: Final = 0xA5


class Card(Protocol):
    """What a reader needs of a card."""

    @property
    def atr(self) -> bytes:
        """Answer to reset."""
        ...

    def power_on(self) -> bytes:
        """Power the card; answers the ATR."""
        ...

    def power_off(self) -> None:
        """Take the power away."""
        ...

    def reset(self) -> bytes:
        """Warm reset; answers the ATR."""
        ...

    def transmit(self, apdu: bytes) -> bytes:
        """Answer one command."""
        ...


class CardGone(OSError):
    """The card was taken away, or has lost contact; it has to be laid on the reader anew."""

    def __init__(self) -> None:
        super().__init__("the card is gone")


class _Wrapped:
    """A card that hands everything on."""

    def __init__(self, card: Card) -> None:
        self._card = card
        self._commands = 0

    @property
    def atr(self) -> bytes:
        return self._card.atr

    def power_on(self) -> bytes:
        return self._card.power_on()

    def power_off(self) -> None:
        self._card.power_off()

    def reset(self) -> bytes:
        return self._card.reset()

    def transmit(self, apdu: bytes) -> bytes:
        self._commands += 1
        return self._card.transmit(apdu)


class ContactLost(_Wrapped):
    """Gone when the n-th command (from 1) arrives: the card has not carried it out. Raises CardGone from then on."""

    def __init__(self, card: Card, at: int) -> None:
        super().__init__(card)
        self._at = at

    def power_on(self) -> bytes:
        if self._commands >= self._at:
            raise CardGone
        return super().power_on()

    def transmit(self, apdu: bytes) -> bytes:
        if self._commands + 1 >= self._at:
            self._commands = self._at
            self._card.power_off()
            raise CardGone
        return super().transmit(apdu)


class LostAfterVerify(_Wrapped):
    """Gone right after it has counted a VERIFY, before the answer gets out: nobody knows how that attempt ended."""

    def __init__(self, card: Card) -> None:
        super().__init__(card)
        self._gone = False

    def power_on(self) -> bytes:
        if self._gone:
            raise CardGone
        return super().power_on()

    def transmit(self, apdu: bytes) -> bytes:
        if self._gone:
            raise CardGone
        answer = super().transmit(apdu)
        if len(apdu) > 5 and apdu[1] == VERIFY_INSTRUCTION:
            self._gone = True
            self._card.power_off()
            raise CardGone
        return answer


class Slow(_Wrapped):
    """Takes its time for every answer."""

    def __init__(self, card: Card, milliseconds: int, pause: Callable[[float], None] = time.sleep) -> None:
        super().__init__(card)
        self._seconds = milliseconds / 1000
        self._pause = pause

    def transmit(self, apdu: bytes) -> bytes:
        self._pause(self._seconds)
        return super().transmit(apdu)


class Garbled(_Wrapped):
    """The answer to the n-th command arrives as noise, status word and all."""

    def __init__(self, card: Card, at: int) -> None:
        super().__init__(card)
        self._at = at

    def transmit(self, apdu: bytes) -> bytes:
        answer = super().transmit(apdu)
        return bytes(byte ^ NOISE for byte in answer) if self._commands == self._at else answer


class WrongLength(_Wrapped):
    """The answer to the n-th command has lost half of its data; one without data has lost half of its status word."""

    def __init__(self, card: Card, at: int) -> None:
        super().__init__(card)
        self._at = at

    def transmit(self, apdu: bytes) -> bytes:
        answer = super().transmit(apdu)
        if self._commands != self._at:
            return answer
        data, status = answer[:-2], answer[-2:]
        return data[: len(data) // 2] + status if data else status[:1]


class TwoCards(_Wrapped):
    """Two cards in one field disturb each other: the reader sees something, and gets no answer it could use."""

    def transmit(self, apdu: bytes) -> bytes:
        super().transmit(apdu)
        return b""


class Swapped(_Wrapped):
    """Changed for another card while the reader waits: the second power-up and all later ones meet the other."""

    def __init__(self, card: Card, other: Callable[[], Card]) -> None:
        super().__init__(card)
        self._other = other
        self._power_ups = 0

    def power_on(self) -> bytes:
        self._power_ups += 1
        if self._power_ups == 2:
            self._card.power_off()
            self._card = self._other()
        return super().power_on()
