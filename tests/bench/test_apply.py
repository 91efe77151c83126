"""The benchmark of an application measures what it says: real residents, the same statements, books that are right."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import deque
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text

from app import create_app, db, municipalities, settings
from bench.apply import statements
from bench.apply.load import drive
from bench.apply.residents import Makers, Resident, in_turn
from tests.applications.applicants import applicant, counters, differences, fill_in, open_policy, submitted_count
from tests.provider_simulator.serving import serving

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def makers(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    values = {
        "ENVIRONMENT": "test",
        "DATABASE_URL": database,
        "PUBLIC_URL": "http://127.0.0.1:8000",
        "STATE_DIR": str(tmp_path),
        "TRUST_ANCHORS_ENVIRONMENT": "test",
    }
    for name, value in values.items():
        monkeypatch.setenv(f"TODOKE_{name}", value)
    settings.current.cache_clear()
    application = create_app()
    open_policy(capacity=10)
    applicant()  # leaves a reader
    with db.reading() as session:
        agent = str(session.execute(text("SELECT id FROM agents LIMIT 1")).scalar_one())
    yield Makers(agent), application
    municipalities.configure(with_samples=False)
    settings.current.cache_clear()


def test_residents_made_in_bulk_have_only_the_button_left_to_press(makers) -> None:
    maker, application = makers
    residents = maker.make(in_turn(["P-001"]), 3)
    with serving(application) as address:
        port = int(address.rpartition(":")[2])
        sent = drive(port, deque(r.request for r in residents for _ in range(2)), connections=2, seconds=30)
    assert dict(sent.statuses) == {303: 6}, "each pressed twice"
    assert (submitted_count(), counters().seats_taken) == (3, 3)
    assert differences() == []


def test_their_drafts_are_like_those_that_the_pages_leave(makers) -> None:
    maker, _ = makers
    (made,) = maker.make(in_turn(["P-001"]), 1)
    walked = fill_in(applicant())
    query = text("SELECT to_jsonb(a) FROM applications a WHERE id = :id")
    with db.reading() as session:
        ours, theirs = (session.execute(query, {"id": id_}).scalar_one() for id_ in (made.application_id, walked))
    assert {k for k, v in ours.items() if v is not None} == {k for k, v in theirs.items() if v is not None}
    assert ours["consents"].keys() == theirs["consents"].keys()


def test_the_script_for_pgbench_holds_no_value_of_the_application_it_was_made_from() -> None:
    resident = Resident("B-HOT", uuid4(), uuid4(), uuid4(), uuid4(), "token", "0000000000001", b"")
    order = uuid4()
    parameters = {1: "B-HOT", 2: str(resident.application_id), 3: json.dumps({"order": str(order)}), 4: "\\xab12"}
    statement = "INSERT INTO t VALUES ($1, $2::UUID, $3::JSONB, $4, $5)"
    recorded = statements.Recorded(
        ((statement, {**parameters, 5: None}),), resident, "BHOT-1234-5678", "ab12", "cd", "ef"
    )
    script = statements.script(recorded, statements.spread_policy(200))
    for value in ("B-HOT", str(resident.application_id), str(order), "ab12"):
        assert value not in script
    assert "% 200" in script
    assert script.count("INSERT INTO t VALUES") == 1


@pytest.mark.full
@pytest.mark.system
def test_the_benchmark_runs_and_its_books_are_right() -> None:
    command = [sys.executable, "-m", "bench.apply", "--rounds", "1", "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False)
    result = json.loads(done.stdout.strip().splitlines()[-1])
    assert result["invariants_hold"] is True, result
    assert 0 < result["ratio_serial_bound_spread"] < 1
    assert 0 < result["ratio_serial_bound_hot"] < 1
    assert result["kinds"]["service, hot"]["per_second"] > 1
