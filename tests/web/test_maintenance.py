"""E501 on residents' pages: with Retry-After and the moved end; public pages go on and say why nothing can be sent."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from click.testing import CliRunner

from app import clock, maintenance
from app.cli.maintenance import maintenance as command
from tests.web.service import POLICY, STEPS, Service, error_code


def at(local: str) -> datetime:
    return datetime.fromisoformat(local + "+09:00")


START, END = at("2027-01-31T20:00:00"), at("2027-02-01T06:00:00")


def announce() -> None:
    maintenance.add_window(START, END, stops_orders=False, note="更新", by="ST-1")


def test_every_page_of_residents_answers_e501_and_public_pages_go_on(service: Service) -> None:
    browser = service.browser()
    receipt = browser.apply("TP-02")
    announce()
    with clock.frozen(START + timedelta(hours=1)):
        for path in (STEPS, f"{STEPS}/identity", "/status", "/applications", f"/applications/{receipt}"):
            answer = browser.get(path)
            assert (answer.status_code, error_code(answer)) == (503, "E501"), path
            assert answer.headers["Retry-After"] == str(9 * 3600 + 1)
        page = browser.get(f"/policies/{POLICY}")
        assert (page.status_code, "システムメンテナンス" in page.get_data(as_text=True)) == (200, True)
        assert "2027年2月1日" in page.get_data(as_text=True)
        for path in ("/", "/policies", "/healthz"):
            assert browser.get(path).status_code == 200
    with clock.frozen(END):
        assert browser.get(f"/applications/{receipt}").status_code == 200


def test_the_confirming_page_that_was_open_when_it_began_goes_through_after_it(service: Service) -> None:
    browser = service.browser()
    token = browser.to_confirm("TP-02")
    csrf = browser.token()
    announce()
    form = {"csrf_token": csrf, "form_token": token, "confirmed": "yes"}
    headers = {"Referer": service.settings.public_url}
    with clock.frozen(START):
        refused = browser.post(f"{STEPS}/confirm", data=form, headers=headers)
        assert error_code(refused) == "E501"
    assert [row.state for row in service.applications()] == ["started"]
    with clock.frozen(END):
        assert browser.post(f"{STEPS}/confirm", data=form, headers=headers).status_code == 303
    assert [row.state for row in service.applications()] == ["fulfilled"] or service.rows("ledger_entries") > 0


def test_the_command_announces_lists_and_calls_off_and_names_every_end_that_moves(service: Service) -> None:
    run = CliRunner()

    def todoke(*arguments: str) -> str:
        done = run.invoke(command.commands[arguments[0]], list(arguments[1:]))
        assert done.exit_code == 0, done.output
        return done.output

    assert "no maintenance is planned" in todoke("list")
    added = todoke("add", "--from", "2027-01-31T20:00", "--to", "2027-02-01T06:00", "--note", "更新", "--pause-worker")
    assert f"{POLICY}: applications until 2027-02-01T23:59+09:00, was 2027-01-31T23:59+09:00" in added
    (window_id,) = re.findall(r"^[0-9a-f-]{36}", added)
    assert "planned (residents worker) 更新" in todoke("list")
    called_off = todoke("cancel", window_id)
    assert f"{POLICY}: applications until 2027-01-31T23:59+09:00, was 2027-02-01T23:59+09:00" in called_off
    assert "called off" in todoke("list")
    for arguments in (["add", "--from", "x", "--to", "y", "--note", "n"], ["cancel", window_id]):
        refused = run.invoke(command.commands[arguments[0]], arguments[1:])
        assert refused.exit_code == 1
        assert "Traceback" not in refused.output
