"""The place on the reader: at most one simulated card lies there."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from datetime import datetime

from card_sim.faults import Fault
from card_sim.vpcd import Place, ReaderUnreachable, VirtualCardConnection
from card_sim.wallet import Wallet

SETTLE_SECONDS = 0.2
"""A reader that already holds a card closes a second connection at once; one that is kept this long was accepted."""

PATIENCE_SECONDS = 3.0
"""How long to try again after taking a card away: the reader may need a moment to notice."""


class ReaderOccupied(Exception):
    """The reader does not take the card: another program's card lies on it."""


class Tray:
    """Lays cards of a wallet on one reader. Safe to use from several threads."""

    def __init__(self, wallet: Wallet, reader_address: tuple[str, int]) -> None:
        self._wallet = wallet
        self._reader_address = reader_address
        self._person_id: str | None = None
        self._faults: tuple[Fault, ...] = ()
        self._stay: VirtualCardConnection | None = None
        self._lock = threading.Lock()

    @property
    def lying(self) -> str | None:
        """Whose card lies on the reader, if any; None also when the reader let go of it."""
        stay, person_id = self._stay, self._person_id
        return person_id if stay is not None and stay.place is Place.ON_READER else None

    @property
    def faults(self) -> tuple[Fault, ...]:
        """The faults of the card that lies on the reader."""
        return self._faults if self.lying is not None else ()

    def lay(self, person_id: str, now: datetime, faults: Sequence[Fault] = ()) -> None:
        """Lay a person's card on the reader, with faults, in place of the one that lies there.

        Raises KeyError when nobody has this id, ReaderUnreachable, ReaderOccupied, OSError when the card can't be made.
        """
        with self._lock:
            card = self._wallet.open_with(person_id, now, faults)
            changing = self._remove()
            deadline = time.monotonic() + (PATIENCE_SECONDS if changing else 0.0)
            while True:
                stay = VirtualCardConnection(card, *self._reader_address)
                try:
                    stay.insert()
                except ReaderUnreachable:
                    if time.monotonic() >= deadline:
                        raise
                    time.sleep(SETTLE_SECONDS)
                    continue
                if not stay.wait_until_removed(SETTLE_SECONDS):
                    self._stay, self._person_id, self._faults = stay, person_id, tuple(faults)
                    return
                if time.monotonic() >= deadline:
                    raise ReaderOccupied("the reader closed the connection of the card")

    def take_away(self) -> None:
        """Take the card off the reader; harmless when none lies there."""
        with self._lock:
            self._remove()

    def _remove(self) -> bool:
        """Whether a card lay there until now."""
        stay, self._stay, self._person_id = self._stay, None, None
        if stay is None:
            return False
        was_there = stay.place is Place.ON_READER
        stay.remove()
        return was_there
