"""A worker that is killed around its call to the provider leads to exactly one grant there (BR-42, promise 10).

Real worker processes, a real SIGKILL, the simulated provider over HTTP on its own database.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from app import applications, clock, db, municipalities, settings, start
from app.points import OrderState
from app.provider_simulator import create_simulator
from tests.applications.applicants import (
    Applicant,
    applicant,
    counters,
    differences,
    fill_in,
    grants_of,
    open_policy,
    orders,
    stored,
)
from tests.conftest import FIXTURE_TIME
from tests.provider_simulator.serving import serving

pytestmark = pytest.mark.system

PROVIDER, TOKEN, AMOUNT = "PRV-01", "token-of-one", 10_000
PATIENCE_SECONDS = 60.0


@dataclass
class Town:
    """One installation: its database, its provider, its workers."""

    environment: dict[str, str]
    provider: str
    log: Path

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", *arguments],
                env={**os.environ, **self.environment},
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def work_until_killed(self, moment: str) -> None:
        """Run a worker that dies at this moment, and make sure that it died of it."""
        worker = self.start("tests.journeys.doomed_worker", PROVIDER, moment)
        try:
            assert worker.wait(PATIENCE_SECONDS) == -signal.SIGKILL, self.log.read_text(encoding="utf-8")
        finally:
            worker.kill()

    def work_until_granted(self, application: UUID) -> None:
        """Run an ordinary worker until the application is fulfilled."""
        worker = self.start("app.cli", "worker")
        try:
            deadline = time.monotonic() + PATIENCE_SECONDS
            while stored(application).state != applications.ApplicationState.FULFILLED:
                assert worker.poll() is None, self.log.read_text(encoding="utf-8")
                assert time.monotonic() < deadline, (orders()[-1].state, self.log.read_text(encoding="utf-8"))
                time.sleep(0.05)  # for another process, not for time to pass
        finally:
            worker.terminate()
            worker.wait(PATIENCE_SECONDS)

    def book(self) -> list[dict[str, Any]]:
        """What the provider carried out."""
        rows: list[dict[str, Any]] = httpx.get(f"{self.provider}/v1/book", trust_env=False).json()["rows"]
        return rows


@pytest.fixture
def town(database: str, fresh_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    simulator = create_simulator(fresh_database_url, {PROVIDER: TOKEN})
    with serving(simulator) as provider:
        environment = {
            "TODOKE_ENVIRONMENT": "test",
            "TODOKE_DATABASE_URL": database,
            "TODOKE_PUBLIC_URL": "http://127.0.0.1:8000",
            "TODOKE_STATE_DIR": str(tmp_path),
            "TODOKE_TRUST_ANCHORS_ENVIRONMENT": "test",
            "TODOKE_PROVIDERS": json.dumps({PROVIDER: {"url": provider, "token": TOKEN}}),
            "TODOKE_PROVIDER_TIMEOUT_SECONDS": "5",
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        settings.current.cache_clear()
        start.configure(settings.current())
        with db.transaction() as session:
            clock.start_simulation(session, FIXTURE_TIME)
        yield Town(environment, provider, tmp_path / "workers.log")
        settings.current.cache_clear()
        municipalities.configure(with_samples=False)
        with db.transaction() as session:
            session.execute(text("DELETE FROM simulated_clock"))
            clock.load(session)
    simulator.extensions["store"].close()


@pytest.fixture
def submitted(town: Town) -> UUID:
    """An application that was approved and ordered, with its job waiting for a worker."""
    open_policy(capacity=10)
    who: Applicant = applicant()
    draft = fill_in(who)
    applications.submit("P-001", draft, who.person_id)
    return draft


def minutes_pass(minutes: int) -> None:
    """The clock of the installation moves on; the periodic jobs of those minutes come as soon as a worker runs."""
    with db.transaction() as session:
        clock.move(session, FIXTURE_TIME + timedelta(minutes=minutes))
        session.execute(text("DELETE FROM procrastinate_periodic_defers"))


def job_states() -> list[str]:
    with db.reading() as session:
        query = "SELECT status::text FROM procrastinate_jobs WHERE task_name = 'points.send_grant_order' ORDER BY id"
        return list(session.scalars(text(query)))


def check_granted_once(town: Town, application: UUID) -> None:
    """The whole chain agrees: provider, order, grant, application, ledger."""
    (done,) = town.book()
    last = orders()[-1]
    assert (done["order_id"], done["transaction_no"], done["amount"]) == (str(last.id), last.transaction_no, AMOUNT)
    assert last.state == OrderState.SUCCEEDED
    (grant,) = grants_of(application)
    assert grant.state == "granted"
    assert stored(application).state == applications.ApplicationState.FULFILLED
    assert (counters().granted, counters().ordered, counters().seats_taken) == (AMOUNT, 0, 1)
    assert differences() == []


def test_br_42_killed_between_the_providers_answer_and_its_own_commit_leads_to_exactly_one_grant(
    town: Town, submitted: UUID
) -> None:
    town.work_until_killed("after_answer")
    assert len(town.book()) == 1, "the provider has done it"
    assert [order.state for order in orders()] == [OrderState.SENT]
    assert stored(submitted).state == applications.ApplicationState.APPROVED, "and we do not know"
    minutes_pass(2)
    town.work_until_granted(submitted)
    assert len(orders()) == 1
    check_granted_once(town, submitted)


def test_br_42_killed_before_the_provider_heard_of_it_leads_to_exactly_one_grant(town: Town, submitted: UUID) -> None:
    town.work_until_killed("before_sending")
    assert town.book() == []
    assert [order.state for order in orders()] == [OrderState.SENT]
    minutes_pass(2)
    town.work_until_granted(submitted)
    assert [(order.state, order.reason) for order in orders()] == [("failed", "not_received"), ("succeeded", None)]
    check_granted_once(town, submitted)


def test_killed_with_the_job_in_its_hands_leaves_no_order_stuck(town: Town, submitted: UUID) -> None:
    town.work_until_killed("picked_up")
    assert job_states() == ["doing"], "nobody will ever finish this job"
    assert [order.state for order in orders()] == [OrderState.CREATED]
    minutes_pass(2)
    town.work_until_granted(submitted)
    assert len(orders()) == 1
    check_granted_once(town, submitted)


@pytest.mark.full
def test_killed_again_and_again_there_is_one_grant(town: Town, submitted: UUID) -> None:
    for minutes, moment in enumerate(("picked_up", "before_sending", "after_answer"), start=1):
        town.work_until_killed(moment)
        minutes_pass(minutes * 3)
    town.work_until_granted(submitted)
    check_granted_once(town, submitted)
