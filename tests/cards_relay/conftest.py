from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from app import clock
from card_sim.issuer import TestIssuer
from card_sim.wallet import Wallet
from tests.web.service import Service, running

NOW = datetime.fromisoformat("2026-11-20T10:00:00+09:00")


@pytest.fixture(scope="session")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> TestIssuer:
    made = TestIssuer.open(tmp_path_factory.mktemp("issuer"), NOW)
    made.write_public(made_folder(tmp_path_factory))
    return made


def made_folder(factory: pytest.TempPathFactory) -> Path:
    return factory.getbasetemp() / "relay-trust"


@pytest.fixture(scope="session")
def wallet(tmp_path_factory: pytest.TempPathFactory, issuer: TestIssuer) -> Wallet:
    return Wallet(tmp_path_factory.mktemp("wallet"), issuer)


@pytest.fixture
def service(
    database: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    issuer: TestIssuer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Service]:
    """The service with the roots of the TEST issuer."""
    trust = {"TRUST_ANCHORS_DIR": str(made_folder(tmp_path_factory))}
    with running(database, tmp_path, monkeypatch, **trust) as made, clock.frozen(NOW):
        yield made
