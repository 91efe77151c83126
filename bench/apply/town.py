"""An installation of its own for measuring and for crash tests: database, keys, policies that are open, one reader."""

from __future__ import annotations

import json
import os
import socket
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil
import psycopg

from app import cards, clock, db, migrations, payments, points, policies, settings, start
from app.embedded_postgres import EmbeddedPostgres

SAMPLES = Path(__file__).resolve().parents[2] / "app" / "sample_data"
FIXTURE_TIME = datetime.fromisoformat("2026-11-20T10:00:00+09:00")
AMOUNT = 10_000
MANY = 10_000_000
DATABASE, PROVIDER_DATABASE = "todoke", "todoke_provider"
HOT_POLICY = "B-HOT"


def policy_name(number: int) -> str:
    """The spread policies, numbered from 0."""
    return f"B-{number:03d}"


@dataclass(frozen=True)
class Town:
    """A prepared installation; ``environment`` is what its processes run with."""

    cluster: EmbeddedPostgres
    state: Path
    environment: dict[str, str]
    agent_id: str

    @property
    def postmaster(self) -> int:
        """The process id of the database server."""
        return int((self.cluster.data / "postmaster.pid").read_text().split("\n", 1)[0])

    @property
    def database_url(self) -> str:
        return self.cluster.url(DATABASE)


def prepare(
    folder: Path, *, policy_count: int, providers: dict[str, dict[str, str]] | None = None, capacity: int | None = None
) -> Town:
    """Start a cluster that keeps what it committed, and make everything an application needs, for this process too."""
    cluster = EmbeddedPostgres(folder / "postgres")
    cluster.start()
    for name in (DATABASE, PROVIDER_DATABASE):
        with psycopg.connect(cluster.url("postgres"), autocommit=True) as connection:
            connection.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(name)))
    environment = {
        "TODOKE_ENVIRONMENT": "test",
        "TODOKE_DATABASE_URL": cluster.url(DATABASE),
        "TODOKE_PROVIDER_DATABASE_URL": cluster.url(PROVIDER_DATABASE),
        "TODOKE_PUBLIC_URL": "http://127.0.0.1:8000",
        "TODOKE_STATE_DIR": str(folder / "state"),
        "TODOKE_TRUST_ANCHORS_ENVIRONMENT": "test",
        "TODOKE_PROVIDERS": json.dumps(providers or {}),
        "TODOKE_PROVIDER_TIMEOUT_SECONDS": "5",
    }
    os.environ.update(environment)
    settings.current.cache_clear()
    migrations.upgrade(cluster.url(DATABASE))
    db.configure(cluster.url(DATABASE))
    with db.transaction() as session:
        clock.start_simulation(session, FIXTURE_TIME)
    start.configure(settings.current(), application_name="todoke-bench")
    open_policies([HOT_POLICY, *(policy_name(number) for number in range(policy_count))], capacity=capacity)
    with db.transaction() as session:
        agent = cards.enrol_agent(session, name="reader", public_key=os.urandom(32), kind="simulated")
    return Town(cluster, folder / "state", environment, str(agent.agent_id))


FOR_BULK = {"shared_buffers": "2GB", "max_wal_size": "16GB", "checkpoint_timeout": "30min", "wal_compression": "on"}
"""What whoever takes over a year at once sets for it; everything stays durable (fsync, synchronous_commit)."""


def for_bulk(cluster: EmbeddedPostgres) -> None:
    """Set the cluster up for a million applications, and start it again."""
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as connection:
        for name, value in FOR_BULK.items():
            connection.execute(f"ALTER SYSTEM SET {name} = '{value}'".encode())
    db.dispose()
    cluster.stop()
    cluster.start()
    db.configure(cluster.url(DATABASE))


def settle(town: Town) -> None:
    """What a database does by itself after a while, done before something is measured."""
    with psycopg.connect(town.database_url, autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE)")
        connection.execute("CHECKPOINT")


def database_cpu(town: Town) -> float:
    """Processor seconds that the database server and its processes have used so far."""
    parent = psutil.Process(town.postmaster)
    total = sum(parent.cpu_times()[:4])
    for child in parent.children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            total += sum(child.cpu_times()[:2])
    return total


def open_policies(
    names: list[str], *, capacity: int | None = None, amount: int = AMOUNT, budget: int | None = None
) -> None:
    """Copies of the plainest sample policy: a flat amount, the address on the card, no cooling-off."""
    services = json.loads((SAMPLES / "sample_services.json").read_text("utf-8"))
    samples: list[dict[str, Any]] = json.loads((SAMPLES / "sample_policies.json").read_text("utf-8"))
    sample = next(item for item in samples if item["policy_id"] == "P-001")
    money = budget or amount * (capacity or MANY)
    documents = [
        {
            **sample,
            "policy_id": name,
            "capacity": capacity,
            "budget": money,
            "benefit": {"type": "flat", "amount": amount},
        }
        for name in names
    ]
    with db.transaction() as session:
        payments.load_services(session, services, "bench")
        known = payments.known_service_ids(session)
        policies.load_policies(session, documents, source="bench", known_services=known)
        for name in names:
            points.fund(session, name, money)


def free_port() -> int:
    """A port of this machine that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
