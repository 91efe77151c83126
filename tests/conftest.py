"""One PostgreSQL cluster for the whole run, one fresh migrated database for each test that asks for it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg
import pytest

from app import audit, clock, db, events, pii
from app.embedded_postgres import EmbeddedPostgres
from app.migrations.privileges import SERVICE_ROLE
from app.settings import Keys
from tests import properties

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CLUSTER_VARIABLE = "TODOKE_TEST_CLUSTER"
SKIP_VARIABLE = "TODOKE_TEST_SKIP_GROUPS"
TEMPLATE = "todoke_template"
FIXTURE_TIME = datetime.fromisoformat("2026-11-20T10:00:00+09:00")
TEST_KEYS = Keys.from_json(Keys.generate_json())

properties.register()

_cluster: EmbeddedPostgres | None = None
_folder: str | None = None


def pytest_configure(config: pytest.Config) -> None:
    """The controller of the run starts the cluster; its workers inherit the address."""
    global _cluster, _folder
    if hasattr(config, "workerinput") or CLUSTER_VARIABLE in os.environ:
        return
    _folder = tempfile.mkdtemp(prefix="todoke-test-")
    _cluster = EmbeddedPostgres(Path(_folder), durable=False)
    _cluster.start()
    os.environ[CLUSTER_VARIABLE] = _cluster.url("{database}")
    _make_template()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Groups whose system parts are missing are skipped with a reason; the test command says so loudly."""
    properties.take_time(items)
    absent = {name for name in os.environ.get(SKIP_VARIABLE, "").replace(",", " ").split() if name}
    for item in items:
        for name in absent:
            if item.get_closest_marker(name):
                item.add_marker(pytest.mark.skip(reason=f"the system parts of the group {name} are not installed"))


def pytest_unconfigure(config: pytest.Config) -> None:
    if _cluster is not None and not hasattr(config, "workerinput"):
        _cluster.stop()
        os.environ.pop(CLUSTER_VARIABLE, None)
        assert _folder is not None
        shutil.rmtree(_folder, ignore_errors=True)


def cluster_url(database: str) -> str:
    return os.environ[CLUSTER_VARIABLE].replace("{database}", database)


def service_url(database: str) -> str:
    """As web and worker connect: with the role that may change nothing that is written once."""
    return cluster_url(database).replace("//todoke@", f"//{SERVICE_ROLE}@")


def as_owner(url: str, statement: str) -> None:
    """What only the owner of the tables can do, and no process of the service: for tests that tamper."""
    with psycopg.connect(url.replace(f"//{SERVICE_ROLE}@", "//todoke@"), autocommit=True) as connection:
        connection.execute(statement.encode())


def _admin(statement: str) -> None:
    with psycopg.connect(cluster_url("postgres"), autocommit=True) as connection:
        connection.execute(statement.encode())


def _make_template() -> None:
    from app import migrations

    _admin(f"CREATE DATABASE {TEMPLATE}")
    migrations.upgrade(cluster_url(TEMPLATE))


@pytest.fixture
def fresh_database_url() -> Iterator[str]:
    """The URL of a new, empty database that vanishes after the test."""
    name = f"empty_{uuid4().hex[:12]}"
    _admin(f"CREATE DATABASE {name}")
    yield cluster_url(name)
    _admin(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@contextmanager
def migrated_database() -> Iterator[str]:
    """The URL of a new migrated database that vanishes afterwards."""
    name = f"test_{uuid4().hex[:12]}"
    _admin(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    yield service_url(name)
    _admin(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@contextmanager
def connected(url: str) -> Iterator[str]:
    """This process connected to that database, with keys."""
    db.configure(url)
    pii.configure(TEST_KEYS)
    audit.configure(TEST_KEYS)
    yield url
    db.dispose()


@pytest.fixture
def database_url() -> Iterator[str]:
    """The URL of a new migrated database that vanishes after the test."""
    with migrated_database() as url:
        yield url


@pytest.fixture
def at_fixture_time() -> Iterator[None]:
    """Business time stands at the fixture clock of domain.md."""
    with clock.frozen(FIXTURE_TIME):
        yield


@pytest.fixture
def database(database_url: str, at_fixture_time: None) -> Iterator[str]:
    """This process connected to a fresh migrated database, with keys, at the fixture time; gives its URL."""
    with connected(database_url) as url:
        yield url


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for the tests of a file; none outlives it, for its event loop would disturb those that follow."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"],
        )
        yield opened
        opened.close()


@pytest.fixture(autouse=True)
def own_event_handlers() -> Iterator[None]:
    """Whoever subscribes during a test is forgotten after it, so that the order of tests can't matter."""
    before = events._handlers
    events._handlers = defaultdict(list, {kind: list(of_kind) for kind, of_kind in before.items()})
    yield
    events._handlers = before


@pytest.fixture
def installation(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A test installation as its processes run it: TEST roots, fictional municipalities, every handler of events.

    Whatever a test does, the books must agree after it.
    """
    from app import municipalities, settings, start
    from app.web import handlers
    from tests.applications.applicants import differences

    values = {"ENVIRONMENT": "test", "DATABASE_URL": database, "PUBLIC_URL": "http://127.0.0.1:8000"}
    for name, value in (values | {"TRUST_ANCHORS_ENVIRONMENT": "test"}).items():
        monkeypatch.setenv(f"TODOKE_{name}", value)
    settings.current.cache_clear()
    municipalities.configure(with_samples=True)
    start.register_event_handlers()
    handlers.register()
    yield
    assert differences() == []
    municipalities.configure(with_samples=False)
    settings.current.cache_clear()
