"""An installation with TEST roots only, on its own database; the books must agree after every test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app import municipalities, settings, start
from tests.applications.applicants import differences


@pytest.fixture
def installation(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Settings of a test installation, the fictional municipalities, and the handlers of a running service."""
    values = {"ENVIRONMENT": "test", "DATABASE_URL": database, "PUBLIC_URL": "http://127.0.0.1:8000"}
    for name, value in (values | {"TRUST_ANCHORS_ENVIRONMENT": "test"}).items():
        monkeypatch.setenv(f"TODOKE_{name}", value)
    settings.current.cache_clear()
    municipalities.configure(with_samples=True)
    start.register_event_handlers()
    yield
    assert differences() == []
    municipalities.configure(with_samples=False)
    settings.current.cache_clear()
