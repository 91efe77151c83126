"""Makes the modules of ``tools/`` importable, and says when a package index must be there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

UNREACHABLE = ("client error (Connect)", "dns error", "error sending request", "Failed to fetch", "Connection refused")


@pytest.fixture
def root() -> Path:
    """The folder of the project."""
    return ROOT


def project_files() -> list[Path]:
    """Every file that is, or would be, committed."""
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=30).stdout
    return [ROOT / name for name in listing.split("\0") if name and (ROOT / name).is_file()]


def skip_when_offline(message: str) -> None:
    """A developer without network is let off; the full run is not."""
    if os.environ.get("CI", "").lower() != "true" and any(sign in message for sign in UNREACHABLE):
        pytest.skip("no package index can be reached")
