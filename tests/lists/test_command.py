"""`todoke lists import`: the use case from the command line, with its exit status and a bar nobody sees in a pipe."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app import clock, db, points, settings
from app.cli import cli
from app.cli.lists import load_sample_lists
from app.db import new_id
from app.lists import loaders_of
from app.points.models import Grant
from tests.lists.conftest import HEADING, LIST_ID

ROWS = "S-1,高橋　崎子,,昭和22年3月3日,大字白樺\nS-2,斉藤　文子,,S25.11.05,大字白樺\n"


@pytest.fixture
def command(catalogue: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[CliRunner]:
    """The command line on this test's database."""
    keys = settings.Keys.generate_json()
    (tmp_path / "keys.json").write_text(keys, encoding="ascii")
    monkeypatch.setenv("TODOKE_ENVIRONMENT", "test")
    monkeypatch.setenv("TODOKE_DATABASE_URL", catalogue)
    monkeypatch.setenv("TODOKE_PUBLIC_URL", "http://127.0.0.1:8000")
    monkeypatch.setenv("TODOKE_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("TODOKE_TRUST_ANCHORS_ENVIRONMENT", "test")
    settings.current.cache_clear()
    yield CliRunner()
    settings.current.cache_clear()


def run(command: CliRunner, tmp_path: Path, content: str, *options: str) -> Result:
    path = tmp_path / "list.csv"
    path.write_text(content, encoding="utf-8")
    return command.invoke(cli, ["lists", "import", str(path), "--list", LIST_ID, *options])


def test_a_list_is_checked_then_loaded(command: CliRunner, tmp_path: Path) -> None:
    tried = run(command, tmp_path, f"{HEADING}\n{ROWS}", "--dry-run")
    assert (tried.exit_code, "何も保存していません" in tried.output) == (0, True)
    loaded = run(command, tmp_path, f"{HEADING}\n{ROWS}", "--by", "ST-02", "--json")
    assert loaded.exit_code == 0
    answer = json.loads(loaded.stdout)
    assert (answer["outcome"], answer["version"], answer["rows"], answer["added"]["count"]) == ("loaded", 1, 2, 2)
    with db.reading() as session:
        assert loaders_of(session, "P-017") == {"ST-02"}
    assert "第1版" in run(command, tmp_path, f"{HEADING}\n{ROWS}").output


def test_a_refused_file_names_its_cells_and_ends_with_2(command: CliRunner, tmp_path: Path) -> None:
    bad = run(command, tmp_path, f"{HEADING}\nS-1,高橋,,昭和64年1月8日,町\n")
    assert bad.exit_code == 2
    assert (
        "E608: 2行目: 「昭和64年1月8日」は存在しない日付です。「平成元年1月8日」ではありませんか。 (2行4列)"
        in bad.output
    )
    as_json = run(command, tmp_path, f"{HEADING}\nS-1,高橋,,昭和64年1月8日,町\n", "--json")
    assert json.loads(as_json.stdout)["problems"][0]["code"] == "E608"


def test_e607_shows_no_digit_of_the_number(command: CliRunner, tmp_path: Path) -> None:
    found = run(command, tmp_path, f"{HEADING}\nS-1,123456789018,,昭和22年3月3日,町\n")
    assert found.exit_code == 2
    assert "E607" in found.output
    assert "123456789018" not in found.output


def test_a_list_that_no_benefit_names_needs_one(command: CliRunner, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(f"{HEADING}\n{ROWS}", encoding="utf-8")
    arguments = ["lists", "import", str(path), "--list", "L-NEW"]
    assert "--policy" in command.invoke(cli, arguments).output
    assert command.invoke(cli, [*arguments, "--policy", "P-005", "--kind", "exclusions"]).exit_code == 0


def test_e605_the_command_asks_the_ledger_who_was_granted(catalogue: str) -> None:
    states = {"granted": new_id(), "ordered": new_id(), "planned": new_id(), "reversed": new_id()}
    with db.transaction() as session:
        for state, application_id in states.items():
            session.add(
                Grant(
                    policy_id="P-017",
                    id=new_id(),
                    application_id=application_id,
                    person_id=new_id(),
                    benefit_no=1,
                    amount=5_000,
                    state=state,
                    planned_at=clock.now(),
                )
            )
        session.flush()
        found = points.granted_applications(session, "P-017", states.values())
    assert found == {states["granted"], states["ordered"]}


def test_the_sample_lists_load_once_and_stay(catalogue: str) -> None:
    load_sample_lists()
    load_sample_lists()
    with db.reading() as session:
        from app.lists import lists_of

        assert [(v.list_id, v.version, v.rows) for v in lists_of(session, "P-017")] == [(LIST_ID, 1, 6)]
        assert [(v.version, v.rows) for v in lists_of(session, "P-007")] == [(1, 2)]
