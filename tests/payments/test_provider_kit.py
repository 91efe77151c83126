"""The conformance kit: it passes a provider that keeps its promises, and each of its checks can fail."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from app.cli import cli
from app.payments.provider_kit import CHECKS, Outcome, Subject, run_checks
from app.payments.provider_kit.checks import by_name
from app.provider_simulator import create_simulator
from app.web.api.provider_openapi import text
from tests.payments.broken_provider import (
    ACCOUNT,
    CODE,
    SERVICE,
    SINS,
    SLOW_SECONDS,
    TOKEN,
    UNKNOWN_ACCOUNT,
    BrokenProvider,
)
from tests.provider_simulator.serving import serving

DOCUMENT = Path(__file__).parents[2] / "docs" / "provider-openapi.json"


def _subject(url: str, **changes: object) -> Subject:
    known = {
        "token": TOKEN,
        "service_id": SERVICE,
        "account": ACCOUNT,
        "code": CODE,
        "unknown_account": UNKNOWN_ACCOUNT,
    }
    return Subject(url, **(known | {"limit_seconds": SLOW_SECONDS - 0.05} | changes))


def _run(provider: BrokenProvider, name: str) -> Outcome:
    with serving(provider) as url:
        limit = SLOW_SECONDS - 0.05 if provider.sin == "slow" else 10.0
        (outcome,) = run_checks(_subject(url, limit_seconds=limit), [by_name(name)])
    return outcome


def test_a_provider_that_keeps_every_promise_passes_every_check() -> None:
    with serving(BrokenProvider()) as url:
        outcomes = list(run_checks(_subject(url)))
    assert [(o.check.name, o.reason) for o in outcomes if o.result != "passed"] == []
    assert len(outcomes) == len(CHECKS)


@pytest.mark.parametrize(("sin", "check"), SINS.items(), ids=SINS)
def test_a_provider_that_breaks_a_promise_fails_the_check_of_it(sin: str, check: str) -> None:
    outcome = _run(BrokenProvider(sin), check)
    assert outcome.result == "failed"
    assert outcome.reason


def test_every_check_is_shown_able_to_fail() -> None:
    assert set(SINS.values()) == {check.name for check in CHECKS}


def test_the_simulated_provider_keeps_every_promise(fresh_database_url: str) -> None:
    simulator = create_simulator(fresh_database_url, {"PRV-01": TOKEN})
    with serving(simulator) as url:
        account = "1234567890123"
        code = httpx.get(f"{url}/v1/services/SVC-QR-01/accounts/{account}/code").json()["code"]
        subject = _subject(
            url,
            service_id="SVC-QR-01",
            account=account,
            code=code,
            unknown_account="9999999999990",
        )
        outcomes = list(run_checks(subject))
    simulator.extensions["store"].close()
    assert [(o.check.name, o.reason) for o in outcomes if o.result != "passed"] == []


def test_a_provider_that_does_not_answer_fails_and_what_is_not_known_is_skipped() -> None:
    with serving(BrokenProvider()) as url:
        pass
    outcomes = {o.check.name: o.result for o in run_checks(_subject(url, code=None, unknown_account=None))}
    assert outcomes["taken"] == "failed"
    assert {name for name, result in outcomes.items() if result == "skipped"} == {
        "right_code",
        "wrong_code",
        "unknown_account",
    }


def _command(url: str, monkeypatch: pytest.MonkeyPatch, token: str = TOKEN) -> tuple[int, str]:
    monkeypatch.setenv("TODOKE_KIT_TOKEN", token)
    arguments = ["check", url, "--service", SERVICE, "--account", ACCOUNT, "--code", CODE]
    done = CliRunner().invoke(cli, ["provider-kit", *arguments, "--unknown-account", UNKNOWN_ACCOUNT])
    return done.exit_code, done.output


def test_the_command_says_each_promise_and_ends_with_status_1_when_one_is_broken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with serving(BrokenProvider()) as url:
        code, output = _command(url, monkeypatch)
    assert code == 0
    assert output.count("passed") == len(CHECKS)
    with serving(BrokenProvider("a_new_grant_each_time")) as url:
        code, output = _command(url, monkeypatch)
    assert code == 1
    assert "no second grant" in output
    assert TOKEN not in output
    assert ACCOUNT not in output
    monkeypatch.delenv("TODOKE_KIT_TOKEN")
    assert (
        CliRunner().invoke(cli, ["provider-kit", "check", "http://x", "--service", "s", "--account", "a"]).exit_code
        == 1
    )


def test_the_published_description_is_the_programs_own() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == text(), (
        "run: todoke provider-kit openapi --write docs/provider-openapi.json"
    )
    paths = json.loads(text())["paths"]
    assert set(paths) == {
        "/v1/grant-orders/{order_id}",
        "/v1/grant-orders/{order_id}/close",
        "/v1/services/{service_id}/accounts/verify",
    }


def test_every_path_of_the_description_is_served_by_the_simulated_provider(fresh_database_url: str) -> None:
    simulator = create_simulator(fresh_database_url, {"PRV-01": TOKEN})
    served = {
        (method.lower(), rule.rule.replace("<uuid:", "{").replace("<", "{").replace(">", "}"))
        for rule in simulator.url_map.iter_rules()
        for method in rule.methods or ()
    }
    simulator.extensions["store"].close()
    described = {(method, path) for path, item in json.loads(text())["paths"].items() for method in item}
    assert described <= served
