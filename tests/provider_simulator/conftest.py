"""A simulated provider on its own database, for tests in this process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from app.provider_simulator import create_simulator

TOKENS = {"PRV-01": "token-of-one", "PRV-02": "token-of-two", "PRV-03": "token-of-three"}


@pytest.fixture
def simulator(fresh_database_url: str) -> Iterator[Flask]:
    app = create_simulator(fresh_database_url, TOKENS)
    yield app
    app.extensions["store"].close()
