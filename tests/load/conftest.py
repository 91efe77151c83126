"""A service in this process, and people at its confirming page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from app import create_app, db, municipalities, settings
from bench.apply.residents import Makers
from tests.applications.applicants import applicant, open_policy
from tests.provider_simulator.serving import serving


@pytest.fixture
def edge(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[int, Makers]]:
    """The port of a running service, and who makes residents for it."""
    values: dict[str, Any] = {
        "ENVIRONMENT": "test",
        "DATABASE_URL": database,
        "PUBLIC_URL": "http://127.0.0.1:8000",
        "STATE_DIR": tmp_path,
        "TRUST_ANCHORS_ENVIRONMENT": "test",
    }
    for name, value in values.items():
        monkeypatch.setenv(f"TODOKE_{name}", str(value))
    settings.current.cache_clear()
    application = create_app()
    open_policy(capacity=1)
    applicant()  # leaves a reader
    with db.reading() as session:
        agent = str(session.execute(text("SELECT id FROM agents LIMIT 1")).scalar_one())
    with serving(application) as address:
        yield int(address.rpartition(":")[2]), Makers(agent)
    municipalities.configure(with_samples=False)
    settings.current.cache_clear()
