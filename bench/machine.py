"""What a result has to say about the machine: its size, and the versions that matter."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path


def described() -> str:
    """In one line, without the machine's name."""
    parts = [f"{os.cpu_count()} cores", _memory(), f"Linux {platform.release()}", f"Python {platform.python_version()}"]
    parts += [_first_line("pcscd", "--version"), _first_line("opensc-tool", "--info").partition(" [")[0]]
    load = f"load {os.getloadavg()[0]:.1f} when it ran"
    return ", ".join(part for part in (*parts, load) if part)


def _memory() -> str:
    first = Path("/proc/meminfo").read_text(encoding="ascii").split()[1]
    return f"{int(first) / 2**20:.0f} GB"


def _first_line(program: str, option: str) -> str:
    try:
        answer = subprocess.run([program, option], capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return (answer.stdout.strip().splitlines() or [""])[0].removesuffix(".").replace("version ", "")
