"""From the receipt page to "granted": what a resident waits for, with a service that grants at once."""

from __future__ import annotations

import time
from pathlib import Path

from sqlalchemy import text

from app import db
from bench.apply.load import Connection
from bench.apply.residents import Makers, Resident, in_turn
from bench.apply.servers import Server, service
from bench.apply.town import HOT_POLICY, Town, free_port, prepare

PROVIDER, TOKEN = "PRV-01", "token-of-the-simulated-provider"
PATIENCE_SECONDS = 30.0
LOOK_EVERY = 0.02
_STATE = text("SELECT state FROM applications WHERE id = :id")


def measure(folder: Path, count: int) -> list[float]:
    """Seconds from each receipt to the granted state, one person after the other; raises when one never arrives."""
    provider_port = free_port()
    endpoint = {PROVIDER: {"url": f"http://127.0.0.1:{provider_port}", "token": TOKEN}}
    town = prepare(folder, policy_count=0, providers=endpoint)
    started: list[Server] = []
    try:
        started.append(_provider(town, provider_port, folder))
        web = service(free_port(), 2, folder / "web.log", town.environment)
        started.append(web)
        started.append(Server(["app.cli", "worker"], None, folder / "worker.log", town.environment))
        residents = Makers(town.agent_id).make(in_turn([HOT_POLICY]), count + 3)
        waits = [_wait(web.port, resident) for resident in residents]
        return waits[3:]  # the first meet processes that have just started
    finally:
        for server in reversed(started):
            server.stop()
        town.cluster.stop()


def _provider(town: Town, port: int, folder: Path) -> Server:
    return Server(
        ["app.cli", "provider-simulator", "--port", str(port)], port, folder / "provider.log", town.environment
    )


def _wait(port: int, resident: Resident) -> float:
    connection = Connection(port)
    status, _ = connection.ask(resident.request)
    began = time.perf_counter()
    assert status == 303, status
    connection.close()
    while time.perf_counter() - began < PATIENCE_SECONDS:
        with db.reading() as session:
            if session.execute(_STATE, {"id": resident.application_id}).scalar_one() == "fulfilled":
                return time.perf_counter() - began
        time.sleep(LOOK_EVERY)
    raise RuntimeError("never granted")
