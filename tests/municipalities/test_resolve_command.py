"""`todoke municipalities resolve`: one answer for each address, in order, without a database."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from app.cli import cli
from app.municipalities import resolve

KEYS = {"code", "name", "status", "matched", "candidates", "table_version"}


def _run(*arguments: str, stdin: bytes = b"", env: dict[str, str] | None = None) -> str:
    done = CliRunner().invoke(cli, ["municipalities", "resolve", *arguments], input=stdin, env=env)
    assert done.exit_code == 0, done.output
    return done.output


def test_json_answers_stand_in_the_order_of_the_lines_and_an_empty_line_is_an_address() -> None:
    lines = [
        "広島県府中市府川町３１５番地",
        "",
        "府中市宮西町",
        "横浜市３丁目",
        "宮﨑県宮﨑市橘通西",
        "　",
        "どこでもない",
    ]
    answers = [json.loads(line) for line in _run("--json", "-", stdin="\n".join(lines).encode()).splitlines()]
    assert [answer["code"] for answer in answers] == ["342084", None, None, None, "452017", None, None]
    assert [answer["status"] for answer in answers] == [
        *("exact", "none", "ambiguous", "ward_missing", "folded", "none", "none")
    ]
    assert all(answer.keys() == KEYS for answer in answers)
    assert {one["code"] for one in answers[2]["candidates"]} == {"132063", "342084"}


def test_lines_end_at_line_feeds_alone() -> None:
    stdin = "米原市\u2028\r\n\x0b米原市\x85\r府中市\n".encode()
    assert len(_run("--json", "-", stdin=stdin).splitlines()) == 2
    assert _run("--json", "-", stdin=b"") == ""
    assert len(_run("--json", "-", stdin=b"\n\n\n").splitlines()) == 3
    assert json.loads(_run("--json", "-", stdin=b"\xff\xfe\x00"))["code"] is None


def test_addresses_come_as_arguments_and_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "addresses.txt").write_text("滋賀県米原市米原\n府中市宮西町\n", encoding="utf-8")
    assert _run("--file", str(tmp_path / "addresses.txt")).splitlines() == [
        "252140  滋賀県米原市  exact",
        "-       -  ambiguous  (132063 東京都府中市, 342084 広島県府中市)",
    ]
    assert _run("立科町芦田").strip() == "203246  長野県北佐久郡立科町  exact"
    assert CliRunner().invoke(cli, ["municipalities", "resolve"]).exit_code == 2


def test_production_knows_no_fictional_place() -> None:
    assert json.loads(_run("--json", "みらい県あさひ市", env={"TODOKE_ENVIRONMENT": "demo"}))["code"] == "992011"
    assert json.loads(_run("--json", "みらい県あさひ市", env={"TODOKE_ENVIRONMENT": "production"}))["code"] is None
    assert json.loads(_run("--json", "みらい県あさひ市", "--no-samples"))["code"] is None


@pytest.mark.parametrize("arguments", [("--json", "-"), ("--json", "米原市")])
def test_it_needs_no_database_and_no_settings(arguments: tuple[str, ...]) -> None:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("TODOKE_")}
    command = [sys.executable, "-m", "app.cli", "municipalities", "resolve", *arguments]
    done = subprocess.run(command, input="米原市\n".encode(), env=environment, capture_output=True, check=True)
    assert json.loads(done.stdout)["code"] == "252140"
    assert done.stderr == b""


@given(
    st.sampled_from(["滋賀県米原市米原", "府中市宮西町", "横浜市中区本町", "北海道虻田郡ニセコ町富士見", "みらい県"]),
    st.lists(st.sampled_from(["\u200b", "\ufe0f", "\U000e0100", " ", "　", "\t"]), max_size=200),
    st.randoms(use_true_random=False),
)
def test_br_68_what_cannot_be_seen_changes_no_answer(address: str, unseen: list[str], chosen: object) -> None:
    characters = list(address)
    for one in unseen:
        characters.insert(chosen.randrange(len(characters) + 1), one)
    assert resolve("".join(characters)) == resolve(address)


@given(st.sampled_from(["滋賀県米原市", "府中市", "相模原市緑区", "東京都"]), st.text(min_size=60, max_size=300))
def test_what_stands_far_behind_changes_no_answer(address: str, rest: str) -> None:
    behind = "１丁目２番地３号" * 12
    assert resolve(address + behind + rest) == resolve(address + behind)
