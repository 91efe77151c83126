"""The test command behind ``make test``: installs system parts where it may, runs every check, ends with a summary.

Without ``CI=true`` it is the quick run; with it, the full matrices, and a test group that could not be installed is a
failure. All checks run even when an early one fails; the exit status is 0 only when all passed.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from system_groups import GROUPS, SystemGroup, make_available
from uv_with_pip_settings import ROOT

BIN = ROOT / ".venv" / "bin"
CHECK_SECONDS = 600
QUICK_TESTS_SECONDS = 20 * 60
FULL_TESTS_SECONDS = 60 * 60
STOP_SECONDS = 10
INTERRUPTED = 130
TERMINATED = 143
WIDTH = 100


@dataclass(frozen=True)
class Check:
    """One thing that must hold: a title, the command, and how long it may take.

    ``judge`` reads what the command printed and returns a sentence when that is wrong; else the exit status decides.
    """

    title: str
    command: tuple[str, ...]
    seconds: int = CHECK_SECONDS
    judge: Callable[[str], str | None] | None = None


def has_one_head(output: str) -> str | None:
    """Two heads mean that two branches each added a migration, and that ``todoke db upgrade`` can't choose."""
    heads = [line for line in output.splitlines() if line.strip()]
    return None if len(heads) == 1 else f"expected one head of the migrations, found {len(heads)}"


def tool(name: str, *arguments: str) -> tuple[str, ...]:
    """A command of the virtual environment."""
    return (str(BIN / name), *arguments)


CHECKS = (
    Check("ruff: format", tool("ruff", "format", "--check", ".")),
    Check("ruff: rules", tool("ruff", "check", ".")),
    Check("mypy: strict types of app, nfc, card_sim", tool("mypy")),
    Check("import-linter: who may know whom", tool("lint-imports", "--no-logo")),
    Check("djlint: templates", tool("djlint", "templates", "--lint")),
    Check("hadolint: Dockerfile", tool("hadolint", "Dockerfile")),
    Check("migrations: a single head", tool("todoke", "db", "heads"), judge=has_one_head),
)


def tests(*, full: bool) -> Check:
    """pytest on two processes; the quick run leaves out the full matrices."""
    selection = () if full else ("-m", "not full")
    return Check(
        "pytest: " + ("everything" if full else "quick run"),
        tool("pytest", "-n", "2", "--dist", "loadfile", *selection),
        seconds=FULL_TESTS_SECONDS if full else QUICK_TESTS_SECONDS,
    )


def run(check: Check, environment: dict[str, str]) -> bool:
    """Run one check with its heading, its output as it comes, and its time. True when it passed."""
    print(f"\n== {check.title} ".ljust(WIDTH, "="), flush=True)
    began = time.monotonic()
    failure = _failure_of(check, environment)
    print(f"-- {failure or 'passed'} ({time.monotonic() - began:.1f} s)", flush=True)
    return failure is None


def _failure_of(check: Check, environment: dict[str, str]) -> str | None:
    try:
        process = subprocess.Popen(
            check.command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if check.judge else None,
            text=True,
            start_new_session=True,  # so that a time-out also ends what the command started
        )
    except OSError as error:
        return f"FAILED: could not start ({error.strerror})"
    try:
        output, _ = process.communicate(timeout=check.seconds)
    except subprocess.TimeoutExpired:
        return f"FAILED: not done after {check.seconds} s"
    finally:
        if process.poll() is None:
            _stop(process)
    if output:
        print(output, end="", flush=True)
    if process.returncode != 0:
        return f"FAILED: exit status {process.returncode}"
    complaint = check.judge(output) if check.judge else None
    return f"FAILED: {complaint}" if complaint else None


def _stop(process: subprocess.Popen[str]) -> None:
    """End the command and what it started, sessions of their own included: a server of a test has one."""
    started = _descendants(process.pid)
    for sign in (signal.SIGINT, signal.SIGKILL):
        try:
            os.killpg(process.pid, sign)
            process.wait(timeout=STOP_SECONDS)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue
    for pid, began in started.items():
        if _began(pid) == began:  # else it ended, and the number may be another's by now
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _descendants(pid: int) -> dict[int, str]:
    """What this process started, and what those started, each with the moment it began; nothing without ``/proc``."""
    children: dict[str, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        fields = _fields(int(entry.name))
        if fields:
            children.setdefault(fields[1], []).append(int(entry.name))
    found: dict[int, str] = {}
    waiting = [pid]
    while waiting:
        for child in children.get(str(waiting.pop()), ()):
            began = _began(child)
            if began is not None and child not in found:
                found[child] = began
                waiting.append(child)
    return found


def _began(pid: int) -> str | None:
    fields = _fields(pid)
    return fields[19] if fields else None


def _fields(pid: int) -> list[str]:
    """The fields of ``/proc/PID/stat`` behind the command's name: state, parent, ..."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return []


def run_all(checks: tuple[Check, ...], missing: tuple[SystemGroup, ...], *, strict: bool) -> int:
    """Run every check and print the summary line. 0 only when all passed and, if ``strict``, no group is missing."""
    began = time.monotonic()
    environment = os.environ | {"TODOKE_TEST_SKIP_GROUPS": ",".join(group.name for group in missing)}
    failed = [check.title for check in checks if not run(check, environment)]
    if strict:
        failed += [f"test group {group.name} is not installed" for group in missing]
    skipped = "" if strict else "".join(f"; {group.name} tests SKIPPED" for group in missing)
    seconds = time.monotonic() - began
    if failed:
        print(f"\nNOT PASSED in {seconds:.0f} s: {'; '.join(failed)}{skipped}", flush=True)
        return 1
    print(f"\nAll {len(checks)} checks passed in {seconds:.0f} s{skipped}", flush=True)
    return 0


def main() -> None:
    """Command line: no argument for checks and tests, ``--checks-only`` for the checks alone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checks-only", action="store_true", help="leave out the tests")
    arguments = parser.parse_args()
    full = os.environ.get("CI", "").lower() == "true"
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
    try:
        if arguments.checks_only:
            sys.exit(run_all(CHECKS, (), strict=full))
        missing = make_available(GROUPS, strict=full)
        sys.exit(run_all((*CHECKS, tests(full=full)), missing, strict=full))
    except KeyboardInterrupt:
        print("\ninterrupted", flush=True)
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
