"""The test command itself: every check runs, a failure is seen, a missing group is loud."""

from __future__ import annotations

import os
import select
import sys
import time

import pytest

from tests.tooling.conftest import ROOT


def check(title: str, code: str, **options):
    """A check that runs a line of Python."""
    from run_tests import Check

    return Check(title, (sys.executable, "-c", code), **options)


def group(name: str, *, there: bool):
    """A test group that is there or not."""
    from system_groups import SystemGroup

    return SystemGroup(name, needs=f"the parts of {name}", packages=(f"{name}-package",), is_there=lambda: there)


def test_every_check_runs_even_when_the_first_one_fails(capfd: pytest.CaptureFixture[str]) -> None:
    from run_tests import run_all

    status = run_all((check("one", "raise SystemExit(3)"), check("two", "print('two ran')")), (), strict=False)
    output = capfd.readouterr().out
    assert status == 1
    assert "two ran" in output
    assert output.splitlines()[-1].startswith("NOT PASSED")
    assert "one" in output.splitlines()[-1]


def test_a_run_in_which_all_passes_ends_with_status_0_and_one_line(capfd: pytest.CaptureFixture[str]) -> None:
    from run_tests import run_all

    assert run_all((check("one", "pass"),), (), strict=True) == 0
    assert capfd.readouterr().out.splitlines()[-1].startswith("All 1 checks passed")


@pytest.mark.parametrize(("strict", "status"), [(False, 0), (True, 1)])
def test_a_missing_group_fails_the_full_run_only(strict: bool, status: int, capfd: pytest.CaptureFixture[str]) -> None:
    from run_tests import run_all

    show = check("show", "import os; print(os.environ['TODOKE_TEST_SKIP_GROUPS'])")
    assert run_all((show,), (group("browser", there=False),), strict=strict) == status
    lines = capfd.readouterr().out.splitlines()
    assert "browser" in lines, "the name reaches pytest in the environment"
    assert "browser" in lines[-1]


def test_a_check_that_hangs_is_ended_with_all_it_started(capfd: pytest.CaptureFixture[str]) -> None:
    from run_tests import run

    code = (
        "import subprocess\n"
        "own_session = subprocess.Popen(['sleep', '61'], start_new_session=True)\n"
        "print(own_session.pid, flush=True)\n"
        "subprocess.run(['sleep', '60'])"
    )
    began = time.monotonic()
    assert not run(check("hangs", code, seconds=2), {})
    assert time.monotonic() - began < 15
    printed = capfd.readouterr().out
    assert "not done after 2 s" in printed
    (own_session,) = (int(line) for line in printed.splitlines() if line.isdigit())
    assert ended(own_session), "a server of a test has a session of its own and goes, too"


def ended(pid: int) -> bool:
    """True when the process has ended, or does so within five seconds."""
    try:
        watch = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    poll = select.poll()
    poll.register(watch, select.POLLIN)
    found = poll.poll(5_000)
    os.close(watch)
    return bool(found)


@pytest.mark.parametrize(("output", "fine"), [("a1\n", True), ("a1\nb2\n", False), ("", False)])
def test_the_migrations_have_exactly_one_head(output: str, fine: bool) -> None:
    from run_tests import has_one_head

    assert (has_one_head(output) is None) == fine


def test_a_group_that_is_there_needs_no_installation(monkeypatch: pytest.MonkeyPatch) -> None:
    from system_groups import make_available

    monkeypatch.setenv("PATH", "")
    assert make_available([group("browser", there=True)], strict=True) == ()


def test_a_group_that_cannot_be_installed_is_said_loudly_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from system_groups import make_available

    monkeypatch.setenv("PATH", "")  # no apt-get, no sudo
    missing = make_available([group("browser", there=False)], strict=False)
    assert [each.name for each in missing] == ["browser"]
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("!!!")
    assert "apt install browser-package" in lines[0]


def test_every_group_is_a_marker_of_pytest() -> None:
    import tomllib

    from system_groups import GROUPS

    with (ROOT / "pyproject.toml").open("rb") as file:
        markers = tomllib.load(file)["tool"]["pytest"]["ini_options"]["markers"]
    assert {each.name for each in GROUPS} <= {marker.partition(":")[0] for marker in markers}
