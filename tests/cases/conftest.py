from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.cli.policies import load_samples
from tests.cases.reading import Desk, desk_at
from tests.cases.town import installed


@pytest.fixture
def town(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An installation on its own database, with TEST roots only; the books must agree after every test."""
    with installed(database, monkeypatch):
        yield


@pytest.fixture(scope="module")
def issuer_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("issuer")


@pytest.fixture
def desk(town: None, issuer_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """The samples with their lists, and a reader; every card has its tries back."""
    load_samples()
    with desk_at(issuer_dir, monkeypatch) as table:
        yield table
