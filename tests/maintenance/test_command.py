"""`todoke maintenance add` as a runbook says it: from now, for two hours."""

from __future__ import annotations

from datetime import timedelta

import pytest
from click.testing import CliRunner

from app import clock, db, maintenance
from app.cli.maintenance import maintenance as command
from tests.applications.applicants import open_policy

pytestmark = pytest.mark.usefixtures("installation")


@pytest.mark.parametrize(("length", "minutes"), [("+2h", 120), ("+90m", 90)])
def test_a_window_begins_now_and_lasts_as_long_as_was_said(length: str, minutes: int) -> None:
    open_policy()
    said = ["add", "--from", "now", "--to", length, "--pause-worker", "--note", "books", "--by", "ST-1"]
    result = CliRunner().invoke(command, said)
    assert result.exit_code == 0, result.output
    with db.reading() as session:
        (window,) = maintenance.list_windows(session)
    assert (window.starts_at, window.ends_at - window.starts_at) == (clock.now(), timedelta(minutes=minutes))
    assert CliRunner().invoke(command, ["cancel", str(window.window_id), "--by", "ST-1"]).exit_code == 0


@pytest.mark.parametrize("end", ["+0h", "+2d", "2h", "later", "+99999m"])
def test_a_length_that_is_none_is_refused_in_words(end: str) -> None:
    said = ["add", "--from", "now", "--to", end, "--note", "books", "--by", "ST-1"]
    result = CliRunner().invoke(command, said)
    assert (result.exit_code, "write a time as" in result.output) == (1, True)
