from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app import clock
from tests.web.service import HTTPS, Browser, Service, running


@pytest.fixture
def service(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """The service over plain http, as on the machine of a demo."""
    with running(database, tmp_path, monkeypatch) as service:
        yield service


@pytest.fixture
def https_service(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """The service behind https."""
    with running(database, tmp_path, monkeypatch, HTTPS) as service:
        yield service


@pytest.fixture
def real_time_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that is counted within a window of time falls into the next one."""
    now = clock.real_now()
    monkeypatch.setattr(clock, "real_now", lambda: now)


@pytest.fixture
def browser(service: Service) -> Browser:
    """A browser that was never here."""
    return service.browser()
