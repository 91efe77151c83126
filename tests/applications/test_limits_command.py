"""`todoke policies limits` and `todoke policies export`: what an operator types, and what is said to a refusal."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.cli.policies import policies
from tests.applications.applicants import applicant, apply, counters, open_policy


@pytest.fixture(autouse=True)
def command(installation: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line on this test's database, with the keys of the tests."""
    monkeypatch.setattr("app.start.pii.configure", lambda _keys: None)
    monkeypatch.setattr("app.start.audit.configure", lambda _keys: None)


def todoke_policies(*words: str) -> Result:
    return CliRunner().invoke(policies, list(words))


def limits(*words: str) -> Result:
    return todoke_policies("limits", "P-001", *words, "--by", "ST-03", "--reason", "議決による")


def test_limits_are_changed_and_told_before_and_after() -> None:
    open_policy(capacity=2, budget=20_000)
    result = limits("--capacity", "3", "--budget", "30000")
    assert (result.exit_code, result.output) == (0, "P-001, version 2: capacity 2 -> 3, budget 20000 -> 30000\n")
    assert limits("--no-capacity").exit_code == 0
    assert (counters().capacity, counters().funded) == (None, 30_000)


def test_br_33_lowering_below_what_is_taken_ends_with_status_2_and_why() -> None:
    open_policy(capacity=2, budget=20_000)
    apply(applicant())
    result = limits("--capacity", "0")
    assert result.exit_code == 2
    assert "すでに1人分の席を使っています" in result.stderr
    assert "1" in limits("--budget", "9999").stderr
    assert counters().capacity == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [((), "nothing to change"), (("--capacity", "1", "--no-capacity"), "exclude"), (("--capacity", "9"), "budget")],
)
def test_numbers_that_make_no_sense_are_refused_in_words(words: tuple[str, ...], said: str) -> None:
    open_policy(capacity=2, budget=20_000)
    result = limits(*words)
    assert result.exit_code != 0
    assert said in result.stderr
    assert todoke_policies("limits", "P-999", "--capacity", "1", "--by", "x", "--reason", "y").exit_code == 1


def test_br_70_results_go_out_in_utf_8_and_in_cp932_only_when_every_name_fits(tmp_path: Path) -> None:
    open_policy()
    apply(applicant("高橋　花子"))
    file = tmp_path / "results.csv"
    words = ("export", "P-001", str(file), "--by", "ST-02")
    assert todoke_policies(*words, "--encoding", "cp932").exit_code == 0
    assert "高橋　花子" in file.read_bytes().decode("cp932")
    before = file.read_bytes()
    apply(applicant("𠮷田　濵男"))
    refused = todoke_policies(*words, "--encoding", "cp932")
    assert (refused.exit_code, "E606" in refused.stderr, "rows 3" in refused.stderr) == (2, True, True)
    assert file.read_bytes() == before, "no file is written over with half the names"
    assert todoke_policies(*words).exit_code == 0
    assert "𠮷田　濵男" in file.read_text("utf-8-sig")
