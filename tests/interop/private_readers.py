"""Virtual PC/SC readers for tests: tools/private_pcscd.sh as a running service, and cards laid on it from here."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from app.cli.card_door import VirtualReaders
from card_sim.card import SimulatedCard
from card_sim.disturbances import Card
from card_sim.vpcd import VirtualCardConnection

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "tools" / "private_pcscd.sh"
START_SECONDS = 45.0
NOTICE_SECONDS = 5.0
SOCKET_VARIABLE = "PCSCLITE_CSOCK_NAME"
DOOR_VARIABLE = "TODOKE_CARD_DOOR"
READER_NAMES = ("Virtual PCD 00 00", "Virtual PCD 00 01")


def until(met: Callable[[], bool], what: str, seconds: float = NOTICE_SECONDS) -> None:
    """Wait for the machine, at most some seconds."""
    deadline = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < deadline, f"waited in vain for: {what}"
        time.sleep(0.01)


class PrivateReaders:
    """One private pcscd with its two readers, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        """What other programs need to find the readers."""
        return {SOCKET_VARIABLE: str(self.folder / "run" / "pcscd.comm"), DOOR_VARIABLE: str(self.folder / "door")}

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """As a tester starts it; returns when it says that the readers are there."""
        self._process = subprocess.Popen(["sh", str(SCRIPT), "--dir", str(self.folder)], stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        line = self._process.stdout.readline().decode()
        assert "virtual card readers are there" in line, line

    def stop(self) -> None:
        """Ctrl-C, seen from the script."""
        if self._process is not None:
            self._process.terminate()
            self._process.communicate(timeout=START_SECONDS)
            self._process = None

    def run(self, *command: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
        """A program of somebody else's, which finds only these readers."""
        environment = {**os.environ, **self.environment, "HOME": str(self.folder), "LC_ALL": "C.UTF-8"}
        return subprocess.run(
            [str(part) for part in command],
            env=environment | options.pop("env", {}),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            **options,
        )

    @contextmanager
    def lay(self, card: Card, reader: int = 0) -> Iterator[VirtualCardConnection]:
        """Lay a card on a reader; inside, every PC/SC program sees it, and afterwards none."""
        doors = VirtualReaders(self.folder / "door")
        stay = VirtualCardConnection(card, *doors.address(reader), connect=lambda: doors.connect(reader))
        stay.insert()
        until(lambda: self.holds_card(reader), "the reader shows the card")
        events = self._events(reader)
        try:
            yield stay
        finally:
            stay.remove()
            if self._process is not None:
                # After a lost command pcscd tells at once that no card is there, but its watching thread learns it at
                # its next look (0.4 s); a card that is laid before that look is never powered up. So the event counts.
                until(lambda: self._events(reader) != events, "the reader has noticed that the card is gone")
                assert not self.holds_card(reader)

    def holds_card(self, reader: int = 0) -> bool:
        from nfc.transports.pcsc import PcscReader

        return PcscReader(READER_NAMES[reader]).card_present()

    def _events(self, reader: int) -> int:
        """How often a card came or went, as pcscd counts it."""
        from smartcard import scard

        _, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
        _, states = scard.SCardGetStatusChange(context, 0, [(READER_NAMES[reader], scard.SCARD_STATE_UNAWARE)])
        scard.SCardReleaseContext(context)
        return int(states[0][1]) >> 16


class Diary:
    """A card that writes down what is done to it. TEST cards only."""

    def __init__(self, card: SimulatedCard) -> None:
        self._card = card
        self.entries: list[str] = []
        self.commands: list[bytes] = []

    @property
    def atr(self) -> bytes:
        return self._card.atr

    def power_on(self) -> bytes:
        self.entries.append("on")
        return self._card.power_on()

    def power_off(self) -> None:
        self.entries.append("off")
        self._card.power_off()

    def reset(self) -> None:
        self.entries.append("reset")
        self._card.reset()

    def transmit(self, apdu: bytes) -> bytes:
        self.entries.append("apdu")
        self.commands.append(apdu)
        return self._card.transmit(apdu)
