"""`todoke rebates` and `todoke shops`: the use cases from the command line, with their exit status."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app import clock, db, rebates, settings
from app.cli import cli
from tests.applications.submitting import audited
from tests.rebates.conftest import AFTER_THE_LAST_REPORT, grants, held, member, rebate_policy
from tests.rebates.test_files import line, write

SHOPS = "店舗番号,店舗名\n001,みどり商店\n"


@pytest.fixture
def command(database: str, service: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[CliRunner]:
    """The command line on this test's database."""
    monkeypatch.setenv("TODOKE_ENVIRONMENT", "test")
    monkeypatch.setenv("TODOKE_DATABASE_URL", database)
    monkeypatch.setenv("TODOKE_PUBLIC_URL", "http://127.0.0.1:8000")
    monkeypatch.setenv("TODOKE_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("TODOKE_TRUST_ANCHORS_ENVIRONMENT", "test")
    settings.current.cache_clear()
    monkeypatch.setattr("app.start.pii.configure", lambda _keys: None)
    monkeypatch.setattr("app.start.audit.configure", lambda _keys: None)
    yield CliRunner()
    settings.current.cache_clear()


def load_shops(command: CliRunner, tmp_path: Path, content: str, *options: str) -> Result:
    path = tmp_path / "shops.csv"
    path.write_text(content, encoding="utf-8")
    return command.invoke(cli, ["shops", "import", str(path), "--policy", "P-015", "--purpose", "earn", *options])


def load_purchases(command: CliRunner, path: Path, *options: str) -> Result:
    return command.invoke(cli, ["rebates", "import", str(path), "--policy", "P-015", "--provider", "PRV-01", *options])


def test_shops_then_purchases_then_the_closing(command, tmp_path):
    rebate_policy(with_shops=False)
    who = member()
    tried = load_shops(command, tmp_path, SHOPS, "--dry-run")
    assert (tried.exit_code, "何も保存していません" in tried.output) == (0, True)
    assert json.loads(load_shops(command, tmp_path, SHOPS, "--json").stdout)["added"] == 1
    told = load_purchases(command, write(tmp_path, line(who, "T1", 1_000)))
    assert (told.exit_code, "取引: 1件" in told.output) == (0, True)
    assert held(who) == 300
    with clock.frozen(AFTER_THE_LAST_REPORT):
        assert "締めた申込: 1件" in command.invoke(cli, ["rebates", "close"]).output
    assert grants(who) == [300]


def test_a_refused_file_names_its_cells_and_ends_with_2(command, tmp_path):
    rebate_policy()
    who = member()
    bad = load_purchases(command, write(tmp_path, line(who, "T1", "x")))
    assert (bad.exit_code, "2行目「金額」" in bad.output, "何も取り込んでいません" in bad.output) == (2, True, True)
    assert json.loads(load_purchases(command, tmp_path / "purchases.csv", "--json").stdout)["outcome"] == "refused"
    shops = load_shops(command, tmp_path, "店舗番号,店名\n")
    assert (shops.exit_code, "1行目「店名」" in shops.output) == (2, True)


def test_what_needs_somebody_ends_with_3_and_is_listed(command, tmp_path):
    rebate_policy()
    who = member()
    load_purchases(command, write(tmp_path, line(who, "T1", 1_000)))
    assert "保留はありません" in command.invoke(cli, ["rebates", "aside"]).output
    told = load_purchases(command, write(tmp_path, line(who, "T1", 2_000)), "--json")
    assert (told.exit_code, json.loads(told.stdout)["problems"][0]["code"]) == (3, "E704")
    listed = command.invoke(cli, ["rebates", "aside", "--policy", "P-015"]).output
    assert ("E704" in listed, who.account in listed) == (True, False)
    report = listed.split()[0]
    decide = ["rebates", "decide", report, "--by", "ST-1", "--note", "返品と新しい取引で直した"]
    wrong = command.invoke(cli, [*decide, "--as", "not_theirs"])
    assert (wrong.exit_code, "no answer to E704" in wrong.output) == (1, True)
    assert command.invoke(cli, [*decide, "--as", "corrected"]).output == f"{report}: corrected\n"
    assert command.invoke(cli, [*decide, "--as", "corrected"]).exit_code == 0, "the same again"
    assert "otherwise" in command.invoke(cli, [*decide, "--as", "record_stands"]).output
    assert "保留はありません" in command.invoke(cli, ["rebates", "aside"]).output
    assert "corrected, ST-1" in command.invoke(cli, ["rebates", "aside", "--all"]).output
    assert "no such report" in command.invoke(cli, [*decide[:2], str(uuid4()), *decide[3:], "--as", "corrected"]).output


def test_a_decision_says_who_and_why_is_audited_and_cannot_be_changed(command, tmp_path):
    rebate_policy()
    who = member()
    load_purchases(command, write(tmp_path, line(who, "T1", 1_000)))
    load_purchases(command, write(tmp_path, line(who, "T1", 2_000)))
    with db.reading() as session:
        (one,) = rebates.aside_reports(session)
    for by, note in (("", "x"), ("ST-1", " "), ("ST-1", "あ" * 501), ("ST-1", "番号は123456789018です")):
        with pytest.raises(rebates.DecisionRefused):
            rebates.decide_aside(one.id, rebates.Decision.CORRECTED, by=by, note=note)
    rebates.decide_aside(one.id, rebates.Decision.CORRECTED, by="ST-1", note="直した")
    assert audited("rebate.put_aside_decided") == 1
    with pytest.raises(DBAPIError), db.transaction() as session:
        session.execute(text("UPDATE rebate_put_aside_decisions SET note = 'x'"))


def test_a_closing_that_waits_for_a_shop_list_ends_with_1(command):
    rebate_policy(with_shops=False)
    member()
    with clock.frozen(AFTER_THE_LAST_REPORT):
        waiting = command.invoke(cli, ["rebates", "close", "--policy", "P-015"])
    assert (waiting.exit_code, "店舗の一覧を待っている申込: 1件" in waiting.output) == (1, True)


def test_a_benefit_that_is_unknown_or_no_rebate_is_said(command, tmp_path):
    rebate_policy()
    path = write(tmp_path, line(member(), "T1", 1_000))
    unknown = command.invoke(cli, ["rebates", "import", str(path), "--policy", "P-999", "--provider", "PRV-01"])
    assert (unknown.exit_code, "no benefit P-999" in unknown.output) == (1, True)
    no_shops = command.invoke(cli, ["shops", "import", str(path), "--policy", "P-999", "--purpose", "earn"])
    assert (no_shops.exit_code, "no benefit P-999" in no_shops.output) == (1, True)
