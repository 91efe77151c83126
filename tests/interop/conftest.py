"""Private PC/SC readers for each test process, and the TEST cards that are laid on them."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest

from card_sim.card import SimulatedCard
from card_sim.issuer import TestIssuer
from card_sim.people import load_people
from card_sim.profile import Behaviour
from card_sim.wallet import Wallet
from tests.interop.private_readers import DOOR_VARIABLE, SOCKET_VARIABLE, PrivateReaders

NOW = datetime.fromisoformat("2026-11-20T10:00:00+09:00")
CANARY = "TP-CANARY"
PEOPLE = load_people()

OpenCard = Callable[..., SimulatedCard]

# libpcsclite reads the variable once in a process, at its first call: so it is set before any test runs. The folder's
# name must be short, as it becomes part of the name of a socket.
_FOLDER = Path(tempfile.mkdtemp(prefix="todoke-pcsc-"))
os.environ |= PrivateReaders(_FOLDER).environment


def pytest_unconfigure(config: pytest.Config) -> None:
    shutil.rmtree(_FOLDER, ignore_errors=True)
    for name in (SOCKET_VARIABLE, DOOR_VARIABLE):
        os.environ.pop(name, None)


@pytest.fixture(scope="session")
def running_readers() -> Iterator[PrivateReaders]:
    readers = PrivateReaders(_FOLDER)
    readers.start()
    yield readers
    readers.stop()


@pytest.fixture
def readers(running_readers: PrivateReaders) -> PrivateReaders:
    """Two empty virtual readers."""
    assert not running_readers.holds_card(0)
    assert not running_readers.holds_card(1)
    return running_readers


@pytest.fixture(scope="session")
def state_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cards")


@pytest.fixture(scope="session")
def wallet(state_dir: Path) -> Wallet:
    return Wallet(state_dir, TestIssuer.open(state_dir, NOW))


@pytest.fixture
def open_card(wallet: Wallet) -> Iterator[OpenCard]:
    """Hands out cards with fresh counters."""
    used: set[str] = set()

    def opened(person_id: str = CANARY, behaviour: Behaviour | None = None) -> SimulatedCard:
        if person_id not in used:
            wallet.reset(person_id)
            used.add(person_id)
        return wallet.open_card(person_id, NOW, behaviour=behaviour)

    yield opened
    for person_id in used:
        wallet.reset(person_id)
