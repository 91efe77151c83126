"""A simulated card on a virtual reader, in a process of its own, which counts the commands that reach it."""

from __future__ import annotations

import multiprocessing
import time
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from app.cli.card_door import VirtualReaders

WAIT_SECONDS = 10.0


class CardOnReader:
    """Lies on reader 0 inside `with`. `in_memory` keeps its counters out of the state folder."""

    def __init__(
        self, state: Path, person_id: str, now: datetime, readers: VirtualReaders, *, in_memory: bool = False
    ) -> None:
        context = multiprocessing.get_context("spawn")
        self._count: Any = context.Value("q", 0)
        self._over = context.Event()
        self._process = context.Process(
            target=_hold, args=(state, person_id, now, in_memory, readers, self._count, self._over), daemon=True
        )

    @property
    def commands(self) -> int:
        """How many have reached the card."""
        return int(self._count.value)

    def __enter__(self) -> Self:
        self._process.start()
        _wait_until_noticed(there=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._process.join(WAIT_SECONDS)
        _wait_until_noticed(there=False)


def _wait_until_noticed(*, there: bool) -> None:
    from nfc.transports.pcsc import PcscReader

    deadline = time.monotonic() + WAIT_SECONDS
    while PcscReader().card_present() is not there:
        if time.monotonic() > deadline:
            raise TimeoutError("PC/SC did not notice the card")
        time.sleep(0.05)


def card_of(state: Path, person_id: str, now: datetime, *, in_memory: bool = False) -> Any:
    """A person's card; as everywhere its counters are files, unless they shall stay in memory."""
    from card_sim.card import SimulatedCard
    from card_sim.issuer import TestIssuer
    from card_sim.people import load_people
    from card_sim.personalise import card_profile
    from card_sim.wallet import Wallet

    issuer = TestIssuer.open(state, now)
    if not in_memory:
        return Wallet(state, issuer).open_card(person_id, now)
    return SimulatedCard(card_profile(load_people()[person_id], issuer, state / "cards" / person_id, now))


def _hold(  # noqa: PLR0917 -- the arguments of a process
    state: Path, person_id: str, now: datetime, in_memory: bool, readers: VirtualReaders, count: Any, over: Any
) -> None:
    from card_sim.vpcd import VirtualCardConnection

    card = _Counting(card_of(state, person_id, now, in_memory=in_memory), count)
    stay = VirtualCardConnection(card, *readers.address(0), connect=lambda: readers.connect(0))
    stay.insert()
    over.wait()
    stay.remove()


class _Counting:
    def __init__(self, card: Any, count: Any) -> None:
        self._card = card
        self._count = count

    @property
    def atr(self) -> bytes:
        return bytes(self._card.atr)

    def power_on(self) -> bytes:
        return bytes(self._card.power_on())

    def power_off(self) -> None:
        self._card.power_off()

    def reset(self) -> bytes:
        return bytes(self._card.reset())

    def transmit(self, apdu: bytes) -> bytes:
        self._count.value += 1
        return bytes(self._card.transmit(apdu))
