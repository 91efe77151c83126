"""Timing one procedure: in process, over PC/SC, and its floor."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from nfc.transports import Transport, run
from nfc.transports.guard import Guarded
from nfc.transports.in_process import InProcess
from nfc.transports.pcsc import PcscReader
from nfc.transports.trace import Traced

WARM_UP = 3


@dataclass(frozen=True)
class Figures:
    """Commands, and medians in milliseconds."""

    commands: int
    in_process: float
    over_pcsc: float
    floor: float
    connect: float

    @property
    def ratio(self) -> float:
        """Ours to the floor."""
        return self.over_pcsc / self.floor


class Watched:
    """A transport that remembers its commands and how long opening and closing took."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self.commands: list[bytes] = []
        self.around = 0.0

    def open(self) -> None:
        began = time.perf_counter()
        self._transport.open()
        self.around += time.perf_counter() - began

    def transmit(self, apdu: bytes) -> bytes:
        self.commands.append(apdu)
        return self._transport.transmit(apdu)

    def close(self) -> None:
        began = time.perf_counter()
        self._transport.close()
        self.around += time.perf_counter() - began


def _once(make: Callable[[], Any], transport: Transport) -> tuple[float, Watched]:
    """One run as the agent does it: guarded and traced. Seconds without opening and closing."""
    watched = Watched(transport)
    began = time.perf_counter()
    run(make(), Guarded(Traced(watched)))
    return time.perf_counter() - began - watched.around, watched


def in_process_of(make: Callable[[], Any], card: Any, runs: int) -> float:
    """Median milliseconds with the card in this process."""
    times = [_once(make, InProcess(card))[0] for _ in range(runs + WARM_UP)]
    return statistics.median(times[WARM_UP:]) * 1000


def over_pcsc_of(make: Callable[[], Any], runs: int, in_process: float) -> Figures:
    """Ours and the floor by turns, so that whatever else the machine does meets both."""
    ours, floors, around = [], [], []
    for _ in range(runs + WARM_UP):
        seconds, watched = _once(make, PcscReader().transport())
        ours.append(seconds)
        around.append(watched.around)
        floors.append(floor_of(watched.commands))
    medians = [statistics.median(times[WARM_UP:]) * 1000 for times in (ours, floors, around)]
    return Figures(len(watched.commands), in_process, *medians)


def floor_of(commands: list[bytes]) -> float:
    """Seconds for the same commands as bare transmits in one open connection."""
    from smartcard import scard

    _, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
    _, names = scard.SCardListReaders(context, [])
    code, card, _ = scard.SCardConnect(context, names[0], scard.SCARD_SHARE_EXCLUSIVE, scard.SCARD_PROTOCOL_T1)
    assert code == 0, "the card can't be reached"
    lists = [list(command) for command in commands]
    began = time.perf_counter()
    for command in lists:
        scard.SCardTransmit(card, scard.SCARD_PCI_T1, command)
    seconds = time.perf_counter() - began
    scard.SCardDisconnect(card, scard.SCARD_UNPOWER_CARD)
    scard.SCardReleaseContext(context)
    return seconds
