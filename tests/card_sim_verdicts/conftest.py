"""One TEST installation: what the simulator makes, judged by the checks of a relying service."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pytest

from card_sim.issuer import TestIssuer
from card_sim.people import JST
from card_sim.wallet import Wallet
from nfc.trust import TrustAnchor, load_anchors

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=JST)
HOLDER = "TP-CANARY"


@pytest.fixture(scope="session")
def state_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("verdicts")


@pytest.fixture(scope="session")
def issuer(state_dir: Path) -> TestIssuer:
    return TestIssuer.open(state_dir, NOW)


@pytest.fixture(scope="session")
def wallet(state_dir: Path, issuer: TestIssuer) -> Wallet:
    return Wallet(state_dir, issuer)


@pytest.fixture(scope="session")
def trust(state_dir: Path, issuer: TestIssuer) -> Path:
    issuer.write_public(state_dir / "trust")
    return state_dir / "trust"


@pytest.fixture(scope="session")
def anchors(trust: Path) -> Sequence[TrustAnchor]:
    return load_anchors(trust, "test")
