"""A small round of kills (promise 10); `make test-load` runs larger ones, and bench/results keeps the record."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.full
@pytest.mark.system
@pytest.mark.timeout(600)
def test_killed_at_random_moments_nothing_is_lost_and_nothing_is_granted_twice(tmp_path: Path) -> None:
    seed = os.environ.get("TODOKE_LOAD_SEED", "7")
    command = [sys.executable, "-m", "tests.load.crash", "--seeds", seed, "--applications", "200", "--kills", "6"]
    # In a process of its own: it kills what it starts, and moves a clock.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TODOKE_")}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=550, check=False)
    assert done.returncode == 0, done.stdout + done.stderr[-4000:]
    assert f"seed {seed}: 200 people, 170 receipts, 30 refused (full), killed: " in done.stdout
    assert done.stdout.rstrip().endswith(": ok")
