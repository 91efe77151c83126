"""The benchmark of eligibility: all parts without a name, a miss is seen, and the table is kept with its command."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import eligibility

ROWS: list[dict[str, object]] = [
    {"name": "addresses", "size": 100_000, "value": 7.3, "unit": "microseconds each", "limit": 20.0, "ok": True},
    {"name": "list match", "size": 10_000, "value": 4_000.0, "unit": "1/s", "limit": None, "ok": None},
]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[tuple[str, ...]]:
    """What parts were run; the run itself is put aside, as it takes minutes."""
    runs: list[tuple[str, ...]] = []

    def run(parts: tuple[str, ...], *, quick: bool) -> Iterator[tuple[str, list[dict[str, object]], float]]:
        runs.append(tuple(parts))
        yield parts[0], ROWS, 1.0

    monkeypatch.setattr(eligibility, "run", run)
    monkeypatch.setattr(eligibility, "RESULTS", tmp_path)
    return runs


def test_without_a_name_every_part_runs_and_the_table_is_kept(
    asked: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "argv", ["bench"])
    assert eligibility.main() == 0
    assert asked == [("addresses", "decisions", "lists", "search")]
    (kept,) = tmp_path.iterdir()
    text = kept.read_text(encoding="utf-8")
    assert "`python -m bench.eligibility`" in text and "cores" in text
    assert "| addresses | 100,000 | 7.30 microseconds each | 20.0 | ok |" in text
    assert "| list match | 10,000 | 4,000.00 1/s |  |  |" in text, "what has no limit is neither met nor missed"


def test_a_missed_limit_is_the_exit_status_and_a_small_run_is_not_kept(
    asked: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["bench", "addresses", "--quick"])
    monkeypatch.setitem(ROWS[0], "ok", False)
    assert eligibility.main() == 1
    assert "MISSED" in capsys.readouterr().out
    assert not list(tmp_path.iterdir())
    monkeypatch.setattr(sys, "argv", ["bench", "adresses"])
    with pytest.raises(SystemExit):
        eligibility.main()
