"""One issuer and one drawer of cards for the whole run: keys are made only for the cards a test opens."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import pytest

from card_sim.card import SimulatedCard
from card_sim.issuer import TestIssuer
from card_sim.people import JST, Persona, load_people
from card_sim.personalise import card_profile
from card_sim.profile import CardProfile
from card_sim.wallet import Wallet
from tests.card_sim.talk import Talk

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=JST)


@pytest.fixture(scope="session")
def now() -> datetime:
    return NOW


@pytest.fixture(scope="session")
def people() -> Mapping[str, Persona]:
    return load_people()


@pytest.fixture(scope="session")
def state_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("state")


@pytest.fixture(scope="session")
def issuer(state_dir: Path) -> TestIssuer:
    return TestIssuer.open(state_dir, NOW)


@pytest.fixture(scope="session")
def issued(state_dir: Path, issuer: TestIssuer) -> Wallet:
    """The shared drawer. Tests that turn counters take `wallet`, or a card of `canary_profile` of their own."""
    return Wallet(state_dir, issuer)


@pytest.fixture
def wallet(issued: Wallet, people: Mapping[str, Persona], state_dir: Path) -> Wallet:
    """The shared drawer with every counter as handed out."""
    for counters in (state_dir / "cards").glob("*.json"):
        issued.reset(counters.stem)
    return issued


@pytest.fixture(scope="session")
def canary_profile(issuer: TestIssuer, people: Mapping[str, Persona], state_dir: Path) -> CardProfile:
    """A card whose three PINs all differ: text 2580, authentication 1470, signature TEST123."""
    return card_profile(people["TP-CANARY"], issuer, state_dir / "cards" / "TP-CANARY", NOW)


@pytest.fixture
def card(canary_profile: CardProfile) -> SimulatedCard:
    """A fresh card in memory."""
    return SimulatedCard(canary_profile)


@pytest.fixture
def talk(card: SimulatedCard) -> Talk:
    """A powered fresh card to exchange hexadecimal APDUs with."""
    return Talk.powered(card)
