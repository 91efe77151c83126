"""When something behind the service is away: a clear page, the right status, and nothing lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from sqlalchemy.exc import OperationalError

from app import db
from app.payments import gateways
from app.web.public import catalogue
from app.web.sessions import DatabaseSessions
from tests.web.service import ACCOUNT, CODE, STEPS, Browser, Service, check_is_clear, error_code, heading, running

NOWHERE = "postgresql://todoke@127.0.0.1:9/nowhere"
SECRET = "秘匿の値"


@pytest.fixture
def signed_in(browser: Browser) -> Browser:
    browser.to_account("TP-02")
    return browser


def test_without_a_database_every_page_says_so_and_nothing_is_lost(signed_in: Browser, database: str) -> None:
    token, cookie = signed_in.token(), signed_in.cookie
    db.configure(NOWHERE)
    for path in ("/", "/policies", "/policies/P-001", STEPS, f"{STEPS}/account", "/applications", "/status"):
        answer = signed_in.get(path)
        check_is_clear(answer, 503)
        assert heading(answer) == "ただいま利用できません", path
        assert answer.headers["Retry-After"] == "30"
        assert signed_in.service.browser().get(path).status_code == 503 or path == "/applications"
    sent = signed_in.post(f"{STEPS}/account", data={"csrf_token": token, "account": ACCOUNT, "security_code": CODE})
    check_is_clear(sent, 503)
    assert ACCOUNT not in sent.get_data(as_text=True)
    for path in ("/applications/P001-0000-0000/state", "/api/agent/v1/take"):
        machine = signed_in.post(path, headers=signed_in.service.signed(path, b"")) if "api" in path else None
        check_is_clear(machine or signed_in.get(path), 503)
    assert signed_in.get("/static/todoke.js").status_code == 200, "files need no database"
    assert signed_in.cookie == cookie, "the session is kept for when the database is back"

    db.configure(database)
    assert signed_in.send(f"{STEPS}/account", account=ACCOUNT, security_code=CODE).status_code == 303


def test_a_database_that_goes_away_while_the_session_is_saved_says_so(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object) -> None:
        raise OperationalError(SECRET, {"data": SECRET}, Exception(SECRET))

    monkeypatch.setattr(DatabaseSessions, "_insert", gone)
    with structlog.testing.capture_logs() as lines:
        answer = browser.get(STEPS)
    check_is_clear(answer, 503)
    assert SECRET not in repr(lines) + answer.get_data(as_text=True)


def test_a_fault_of_ours_shows_a_reference_and_tells_nothing_else(
    browser: Browser, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise RuntimeError(SECRET)

    monkeypatch.setattr(catalogue.policies, "search", fails)
    answer = browser.get("/policies?keyword=" + SECRET)
    check_is_clear(answer, 500)
    assert error_code(answer) == "E503"
    written = "".join(capfd.readouterr())
    assert "RuntimeError" in written and "route=/policies" in written
    assert SECRET not in written
    reference = written.partition("ref=")[2].split()[0]
    assert reference in answer.get_data(as_text=True), "the number on the page finds the line in the log"


def test_a_refused_statement_is_logged_without_its_values(database: str) -> None:
    from sqlalchemy import text

    with pytest.raises(Exception, match="policies_nowhere") as refused, db.reading() as session:
        session.execute(text("SELECT :value FROM policies_nowhere"), {"value": SECRET})
    assert SECRET not in str(refused.value)


@pytest.fixture
def without_provider(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """A service whose provider does not answer at its address."""
    nowhere = {"PRV-01": {"url": "http://127.0.0.1:9", "token": "x"}}
    with running(database, tmp_path, monkeypatch, PROVIDERS=json.dumps(nowhere)) as service:
        gateways.forget_all()
        yield service


def test_without_the_provider_the_page_says_so_and_nothing_is_lost(without_provider: Service) -> None:
    """The code can't be asked for again later, so an ID that nobody confirmed is not kept (and never paid to)."""
    browser = without_provider.browser()
    browser.to_account("TP-02")
    answer = browser.send(f"{STEPS}/account", account=ACCOUNT, security_code=CODE)
    check_is_clear(answer, 422)
    assert error_code(answer) == "E307"
    assert "決済事業者に接続できない" in answer.get_data(as_text=True)
    (draft,) = without_provider.applications()
    assert (draft.state, draft.service_id, draft.draft_account_enc) == ("started", "SVC-QR-01", None)
    assert browser.get(f"{STEPS}/service").status_code == 200, "another service can be chosen"
    assert browser.get(f"{STEPS}/confirm").status_code == 409
