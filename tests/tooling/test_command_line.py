"""What an operator can mend is said in one sentence; a fault of ours keeps its traceback."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from app import cli, settings


def test_a_database_that_does_not_answer_is_one_sentence_without_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    values = {
        "ENVIRONMENT": "test",
        "DATABASE_URL": f"postgresql://todoke_service:a-secret@/todoke?host={tmp_path}",
        "PUBLIC_URL": "http://localhost",
        "TRUST_ANCHORS_ENVIRONMENT": "test",
        "STATE_DIR": str(tmp_path),
    }
    for name, value in values.items():
        monkeypatch.setenv(f"TODOKE_{name}", value)
    settings.current.cache_clear()
    monkeypatch.setattr(sys, "argv", ["todoke", "results", "list"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    settings.current.cache_clear()
    told = capsys.readouterr().err
    assert ended.value.code == 1
    assert told.startswith("todoke: the database of TODOKE_DATABASE_URL does not answer: ")
    assert told.count("\n") == 1
    assert "a-secret" not in told


def test_a_fault_of_ours_is_not_taken_for_the_databases(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(cli, "cli", fail)
    with pytest.raises(ZeroDivisionError):
        cli.main()
