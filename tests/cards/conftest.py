"""One TEST issuer for all tests here, and an installation that believes its cards."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from app import cards, municipalities
from app.cards import revocation_lists
from app.settings import Settings
from tests.cards.reading import Issuer, Visit, enrol


@pytest.fixture(scope="session")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Issuer:
    return Issuer.at(tmp_path_factory.mktemp("issuer"))


@pytest.fixture(scope="session")
def foreign_issuer(tmp_path_factory: pytest.TempPathFactory) -> Issuer:
    """An issuer of the same names and profile that nobody here pinned."""
    return Issuer.at(tmp_path_factory.mktemp("foreign"))


@pytest.fixture
def believing(database: str, issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """The settings of an installation with the issuer's roots pinned and its revocation lists fetched."""
    monkeypatch.setattr(revocation_lists._LastTry, "at", -1e9)  # no pause that an earlier test began
    municipalities.configure(with_samples=True)
    settings = issuer.settings()
    assert cards.fetch_revocation_lists(settings) == 2
    yield settings
    municipalities.configure(with_samples=False)


@pytest.fixture
def visit(believing: Settings, issuer: Issuer) -> Callable[..., Visit]:
    """Opens a card session and lets a reader of this kind take it."""

    def opened(kind: str = "simulated", settings: Settings = believing, purpose: str = "apply") -> Visit:
        return Visit(settings, enrol(kind), issuer, purpose)

    return opened
