"""The books for operators: from this machine or with the token, and for nobody else an address that exists."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text

from app import clock, db, payments, points, rebates
from app.payments.gateways import GatewayAnswer
from app.points import tasks
from tests.web.service import Service, running

TOKEN = "a-token-of-enough-length"
PATHS = ("/metrics", "/operations/books", "/operations/put-aside")
ELSEWHERE = {"REMOTE_ADDR": "203.0.113.9"}


@pytest.fixture
def with_token(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    with running(database_url, tmp_path, monkeypatch, METRICS_TOKEN=TOKEN) as service:
        yield service


@pytest.mark.parametrize("path", PATHS)
def test_without_a_token_only_this_machine_is_answered(service: Service, path: str) -> None:
    browser = service.browser()
    assert browser.get(path).status_code == 200
    assert browser.get(path, environ_base=ELSEWHERE).status_code == 404
    assert browser.get(path, headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 404, "a proxy passed it on"


@pytest.mark.parametrize("path", PATHS)
def test_with_a_token_everybody_needs_it(with_token: Service, path: str) -> None:
    browser = with_token.browser()
    for header in ({}, {"Authorization": "Bearer x"}, {"Authorization": TOKEN}, {"Authorization": "Bearer \u00e9"}):
        assert browser.get(path, headers=header).status_code == 404
    known = {"Authorization": f"Bearer {TOKEN}"}
    assert browser.get(path, headers=known, environ_base=ELSEWHERE).status_code == 200


def test_the_last_comparison_as_a_page_and_as_a_gauge(service: Service) -> None:
    browser = service.browser()
    assert "まだ行われていません" in browser.get("/operations/books").get_data(as_text=True)
    browser.apply("TP-02")
    tasks.check_invariants_nightly(0)
    assert browser.get("/operations/books").status_code == 200
    gauges = browser.get("/metrics").get_data(as_text=True)
    assert "todoke_invariant_differences 0" in gauges
    assert 'todoke_grant_orders{state="created"} 1' in gauges

    with db.transaction() as session:
        moved = "UPDATE policy_counters SET budget = budget - 1, reserved = reserved + 1 WHERE policy_id = 'P-001'"
        session.execute(text(moved))
    tasks.check_invariants_nightly(0)
    page = browser.get("/operations/books")
    assert (page.status_code, "P-001 counter budget" in page.get_data(as_text=True)) == (500, True)
    assert "todoke_invariant_differences 2" in browser.get("/metrics").get_data(as_text=True)


def test_br_43_what_was_put_aside_is_a_page_for_staff_with_ids_and_codes_alone(service: Service) -> None:
    browser = service.browser()
    assert browser.get("/operations/put-aside").get_data(as_text=True).count("保留はありません") == 2
    with db.transaction() as session:
        reported = points.Reported("PRV-01", "P-001", uuid4(), GatewayAnswer("succeeded", "T-1"), points.Source.FILE)
        points.take_result(session, reported)
    line = rebates.Report("T-9", "purchase", "SVC-QR-01", "1111222233334", clock.now(), "001", (rebates.Line("薬", 1),))
    rebates.record_purchases("P-015", "PRV-02", [line])
    page = browser.get("/operations/put-aside").get_data(as_text=True)
    assert [code for code in ("E701", "E703", "P-015") if code not in page] == []
    assert [personal for personal in ("1111222233334", "薬", "T-9") if personal in page] == []
    assert 'todoke_purchases_put_aside{code="E703"} 1' in browser.get("/metrics").get_data(as_text=True)


def test_metrics_tell_each_providers_line_and_what_waits_for_staff(service: Service) -> None:
    payments.hold_line("PRV-01", "試験")
    payments.resume_line("PRV-02")
    with db.transaction() as session:
        unknown = GatewayAnswer("succeeded", "T-1")
        reported = points.Reported("PRV-01", "P-001", uuid4(), unknown, points.Source.CALL_BACK)
        points.take_result(session, reported)
    gauges = service.browser().get("/metrics").get_data(as_text=True).splitlines()
    assert {
        'todoke_provider_line_open{provider="PRV-01"} 0',
        'todoke_provider_line_held{provider="PRV-01"} 1',
        'todoke_provider_line_open{provider="PRV-02"} 1',
        'todoke_provider_line_failures{provider="PRV-02"} 0',
        'todoke_results_put_aside{code="E701"} 1',
    } <= set(gauges)
