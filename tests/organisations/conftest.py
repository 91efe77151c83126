from __future__ import annotations

from collections.abc import Iterator

import pytest

from app import municipalities
from app.organisations import Terminal
from tests.organisations.counter import Clerk, add_clerk, add_terminal


@pytest.fixture(autouse=True)
def sample_municipalities(database: str) -> Iterator[None]:
    municipalities.configure(with_samples=True)
    yield
    municipalities.configure(with_samples=False)


@pytest.fixture
def terminal() -> Terminal:
    return add_terminal()


@pytest.fixture
def clerk() -> Clerk:
    return add_clerk()
