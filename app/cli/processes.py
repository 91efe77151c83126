"""Child processes of the demo: started apart from the terminal, logged to files, ended with their parent."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

STOP_SECONDS = 12.0
PR_SET_PDEATHSIG = 1


class Processes:
    """The running parts, in the order in which they were started; stopped in the same order."""

    def __init__(self, log_folder: Path) -> None:
        self._logs = log_folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self.failed = False

    def start(self, name: str, arguments: list[str], environment: Mapping[str, str]) -> None:
        """Start `todoke ARGUMENTS` as its own process group, its output in logs/NAME.log."""
        self._logs.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self._logs / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(  # noqa: S603  # our own program
                [sys.executable, "-m", "app.cli", *arguments],
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env={**os.environ, **environment, "PYTHONUNBUFFERED": "1"},
                start_new_session=True,
                preexec_fn=_die_with_parent,  # noqa: PLW1509  # the demo starts its parts before any thread
            )

    def pid(self, name: str) -> int:
        """The process id of one part."""
        return self._running[name].pid

    def ended(self) -> str | None:
        """The name of a part that is not running any more."""
        return next((name for name, process in self._running.items() if process.poll() is not None), None)

    def log_tail(self, name: str | None) -> str:
        """The last lines of a part's log, or of all."""
        names = [name] if name else list(self._running)
        tails = []
        for each in names:
            path = self._logs / f"{each}.log"
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else []
            tails.append(f"[{each}]\n" + "\n".join(lines[-12:]))
        return "\n".join(tails)

    def stop(self) -> None:
        """Ask all to end, wait, and end by force what does not."""
        for process in self._running.values():
            if process.poll() is None:
                process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for process in self._running.values():
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self._running.clear()


def _die_with_parent() -> None:
    """A killed parent must not leave servers behind (Linux; elsewhere the parent's own clean-up has to do)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
