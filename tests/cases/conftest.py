from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cases.town import installed


@pytest.fixture
def town(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An installation on its own database, with TEST roots only; the books must agree after every test."""
    with installed(database, monkeypatch):
        yield
