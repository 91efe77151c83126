"""What machines ask: does the process answer, and can it serve?"""

from __future__ import annotations

import pytest
from sqlalchemy import text

from app import clock, db
from tests.conftest import as_owner
from tests.web.service import Browser


def a_worker_was_seen(seconds_ago: float) -> None:
    with db.transaction() as session:
        session.execute(
            text("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - make_interval(secs => :s))"),
            {"s": seconds_ago},
        )


def test_healthz_tells_that_the_process_is_alive_and_its_time(browser: Browser) -> None:
    answer = browser.get("/healthz")
    assert (answer.status_code, answer.get_json()) == (200, {"status": "ok", "now": clock.now().isoformat()})


def test_readyz_names_the_worker_when_none_was_seen(browser: Browser) -> None:
    answer = browser.get("/readyz")
    assert answer.status_code == 503
    assert answer.get_json()["checks"] == {"database": True, "migrations": True, "worker": False}


def test_readyz_is_content_when_a_worker_was_seen_just_now(browser: Browser) -> None:
    a_worker_was_seen(10)
    answer = browser.get("/readyz")
    assert (answer.status_code, answer.get_json()["status"]) == (200, "ready")


def test_readyz_does_not_count_a_worker_of_long_ago(browser: Browser) -> None:
    a_worker_was_seen(61)
    assert browser.get("/readyz").get_json()["checks"]["worker"] is False


def test_readyz_names_the_migrations_when_the_database_is_behind(browser: Browser, database: str) -> None:
    a_worker_was_seen(1)
    as_owner(database, "UPDATE alembic_version SET version_num = '0000'")
    answer = browser.get("/readyz")
    assert answer.status_code == 503
    assert answer.get_json()["checks"] == {"database": True, "migrations": False, "worker": True}


@pytest.mark.parametrize("simulated", [False, True])
def test_without_a_database_the_process_is_alive_but_not_ready(
    browser: Browser, monkeypatch: pytest.MonkeyPatch, simulated: bool
) -> None:
    monkeypatch.setattr(clock, "is_simulated", lambda: simulated)
    monkeypatch.setattr(clock, "is_stale", lambda: True)
    db.configure("postgresql://todoke@127.0.0.1:9/nowhere")
    assert browser.get("/healthz").status_code == 200
    answer = browser.get("/readyz")
    assert answer.status_code == 503
    assert answer.get_json()["checks"] == {"database": False, "migrations": False, "worker": False}
    assert "127.0.0.1" not in answer.get_data(as_text=True)
