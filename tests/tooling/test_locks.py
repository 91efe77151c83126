"""The lock files agree with pyproject.toml and with each other."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.tooling.conftest import ROOT, skip_when_offline


def test_every_lock_is_in_step_with_pyproject() -> None:
    command = [sys.executable, str(ROOT / "tools" / "locks.py"), "check"]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=280, check=False)
    if answer.returncode == os.EX_TEMPFAIL:
        skip_when_offline(answer.stderr)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_pins_are_read_with_their_markers() -> None:
    from locks import pins

    text = (
        "colorama==0.4.6 ; sys_platform == 'win32' \\\n    --hash=sha256:aa\n    # via click\n"
        "psycopg[binary]==3.2.9 \\\n    --hash=sha256:bb\nsix==1.0\n"
    )
    assert pins(text) == {"colorama==0.4.6 ; sys_platform == 'win32'", "psycopg[binary]==3.2.9", "six==1.0"}
