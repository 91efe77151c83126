"""The running system that TP-CANARY walks through, from below: what it wrote, and faults that are easily undone."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg

from app.embedded_postgres import EmbeddedPostgres
from tests.journeys.system import System


def log_files(system: System) -> list[Path]:
    """Everything the system wrote for operators: its parts, the demo's own screen, PostgreSQL, its settings."""
    state = system.state
    others = [state.parent / f"{state.name}.log", state / "postgres" / "postgres.log", *state.glob("*.json")]
    return [*sorted((state / "logs").iterdir()), *others]


def dump(system: System, database: str) -> str:
    """A database as plain SQL."""
    cluster = EmbeddedPostgres(system.state / "postgres")
    command = [*cluster.program("pg_dump"), "--no-owner", cluster.url(database)]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd="/", timeout=60).stdout


@contextmanager
def without_table(system: System, name: str) -> Iterator[None]:
    """A fault of ours that is easily undone: statements that need this table fail."""
    owner = EmbeddedPostgres(system.state / "postgres").url("todoke")
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute(f"ALTER TABLE {name} RENAME TO {name}_away".encode())
        try:
            yield
        finally:
            connection.execute(f"ALTER TABLE {name}_away RENAME TO {name}".encode())


@contextmanager
def worker_asleep(system: System) -> Iterator[None]:
    """The worker of this system takes no job for a while."""
    parts = psutil.Process(system.process.pid).children(recursive=True)
    (worker,) = [part for part in parts if part.cmdline()[-1:] == ["worker"]]
    os.kill(worker.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(worker.pid, signal.SIGCONT)
