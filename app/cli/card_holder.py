"""The process that holds a simulated card on a virtual reader, and the record of which card lies where."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.cli.card_door import READERS, VirtualReaders

if TYPE_CHECKING:
    from card_sim.disturbances import Card

TAKE_AWAY_SECONDS = 10.0
LOOK_SECONDS = 0.05
PROBE_SECONDS = 1.0
"""Who only looks whether a card lies there holds the record for a moment too."""
NOTICED_SECONDS = 0.5
"""pcscd looks every 0.4 s whether the card is still there. A card that is laid between a loss in the middle of a
command and this look is never powered up: so a card counts as lying until the look is over."""


class CannotLay(Exception):
    """The card can't be laid on the reader; the message says why, for the tester."""


@dataclass(frozen=True)
class Lying:
    """A card on a reader."""

    person_id: str
    faults: tuple[str, ...]
    pid: int

    def as_json(self) -> dict[str, Any]:
        """For `todoke card list --json` and the record."""
        return {"person": self.person_id, "faults": list(self.faults), "pid": self.pid}


@dataclass(frozen=True)
class Slot:
    """One reader of one vpcd, as the state folder records it. The holder keeps the record locked while it lives."""

    path: Path
    reader: int

    @classmethod
    def of(cls, state_dir: Path, readers: VirtualReaders, reader: int) -> Slot:
        """The record of a reader; its folder is made when missing."""
        folder = state_dir / "virtual_readers"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        place = hashlib.sha256(readers.place.encode()).hexdigest()[:12]
        return cls(folder / f"{place}-{reader}.json", reader)

    def lying(self) -> Lying | None:
        """The card there, None when none lies there (or its holder was killed)."""
        try:
            with self.path.open("r+", encoding="utf-8") as record:
                if _lock(record.fileno()):
                    record.truncate(0)  # left by a holder that was killed: its process id may be somebody else's by now
                    return None
                raw = json.load(record)
        except (FileNotFoundError, ValueError):
            return None
        return Lying(raw["person"], tuple(raw["faults"]), raw["pid"])

    def take_away(self) -> bool:
        """End the holder and wait until the card is gone; whether there was one."""
        found = self.lying()
        if found is None:
            return False
        os.kill(found.pid, signal.SIGTERM)
        deadline = time.monotonic() + TAKE_AWAY_SECONDS
        while not self._is_free():
            if time.monotonic() >= deadline:
                os.kill(found.pid, signal.SIGKILL)
                deadline = float("inf")
            time.sleep(LOOK_SECONDS)
        return True

    def _is_free(self) -> bool:
        with self.path.open("a", encoding="utf-8") as record:
            return _lock(record.fileno())

    @contextmanager
    def held(self, lying: Lying) -> Iterator[None]:
        """Record the card and keep the record locked inside. Raises CannotLay when another card lies there."""
        with self.path.open("a+", encoding="utf-8") as record:
            deadline = time.monotonic() + PROBE_SECONDS
            while not _lock(record.fileno()):
                if time.monotonic() >= deadline:
                    raise CannotLay(f"another card lies on reader {self.reader}")
                time.sleep(LOOK_SECONDS)
            record.truncate(0)
            json.dump(lying.as_json(), record)
            record.flush()
            yield


def slots(state_dir: Path, readers: VirtualReaders) -> list[Slot]:
    """The records of all readers."""
    return [Slot.of(state_dir, readers, reader) for reader in READERS]


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def hold_card(order: dict[str, Any]) -> int:
    """Lay the ordered card on its reader, say so in one line of JSON on standard output, and stay until the end.

    Ends on SIGTERM and when the reader lets go of the card. Returns the exit status.
    """
    # Before the card is made: whoever takes it away at once must not leave a card without a record.
    over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    try:
        _hold(order, over)
    except CannotLay as reason:
        _say({"error": str(reason)})
        return 1
    return 0


def _hold(order: dict[str, Any], over: threading.Event) -> None:
    from card_sim.vpcd import Place, VirtualCardConnection

    reader = int(order["reader"])
    state_dir = Path(order["state_dir"])
    readers = VirtualReaders(Path(order["door"]) if order["door"] else None)
    card = make_card(order, state_dir)
    lying = Lying(order["person"], tuple(order["faults"]), os.getpid())
    slot = Slot.of(state_dir, readers, reader)
    slot.take_away()
    with slot.held(lying):
        line = _connect(readers, reader)
        stay = VirtualCardConnection(card, *readers.address(reader), connect=lambda: line)
        stay.insert()
        _say({"lying": lying.as_json()})
        while stay.place is Place.ON_READER and not over.wait(LOOK_SECONDS):
            pass
        stay.remove()
        time.sleep(NOTICED_SECONDS)


def _connect(readers: VirtualReaders, reader: int) -> socket.socket:
    try:
        return readers.connect(reader)
    except TimeoutError:
        # vpcd takes one card a reader and leaves the next one waiting in its queue.
        raise CannotLay(f"another card lies on reader {reader}, laid there by another installation") from None
    except OSError:
        raise CannotLay(
            "no virtual card reader answers: start one in another terminal with `sh tools/private_pcscd.sh`"
        ) from None


def make_card(order: dict[str, Any], state_dir: Path) -> Card:
    """The card as it was ordered. Raises CannotLay for an unknown person, fault or moment."""
    from card_sim import faults
    from card_sim.issuer import TestIssuer
    from card_sim.population import everybody
    from card_sim.wallet import Wallet

    try:
        now = datetime.fromisoformat(order["at"]).astimezone() if order["at"] else service_time(state_dir)
    except ValueError:
        raise CannotLay("write the moment as 2026-11-20T10:00:00+09:00") from None
    try:
        chosen = [faults.parse(text) for text in order["faults"]]
    except faults.UnknownFault as error:
        raise CannotLay(f"{error}: `todoke card faults` names them") from None
    people = everybody(state_dir)
    if order["person"] not in people:
        raise CannotLay(f"there is no test person {order['person']}: `todoke card list --people` names them")
    try:
        wallet = Wallet(state_dir, TestIssuer.open(state_dir, now, people), people)
        return wallet.open_with(order["person"], now, chosen)
    except OSError as error:
        raise CannotLay(f"the state folder {state_dir} can't be used ({error.strerror})") from None


def service_time(state_dir: Path) -> datetime:
    """The time the installation of this state folder acts by (a demo's is simulated); real time where none runs."""
    from app import clock, db

    record = state_dir / "environment.json"
    if record.exists():
        from sqlalchemy.exc import SQLAlchemyError

        url = json.loads(record.read_text(encoding="utf-8")).get("TODOKE_DATABASE_URL")
        try:
            db.configure(url)
            with db.reading() as session:
                clock.load(session)
        except (SQLAlchemyError, ValueError):
            pass  # not running: then its time does not matter
        finally:
            db.dispose()
    return clock.now()


def _say(answer: dict[str, Any]) -> None:
    """One line; afterwards nobody listens, and who reads the output of `insert` must not wait for this process."""
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()
    quiet = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(quiet, stream.fileno())
    os.close(quiet)
