"""The whole system as `make demo` runs it, on free ports and in its own folder, for tests that walk through it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

START_SECONDS = 120.0


def free_port_block(count: int = 8) -> int:
    """The first of some ports in a row that nobody uses."""
    for first in range(20_000 + os.getpid() % 10_000, 60_000, count):
        sockets = []
        try:
            for port in range(first, first + count):
                probe = socket.socket()
                sockets.append(probe)
                probe.bind(("127.0.0.1", port))
            return first
        except OSError:
            continue
        finally:
            for probe in sockets:
                probe.close()
    raise RuntimeError("no free ports")


@dataclass
class System:
    """A running demo."""

    process: subprocess.Popen[bytes]
    port: int
    state: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def keypad_url(self) -> str:
        return f"http://127.0.0.1:{self.port + 1}"

    @property
    def desk_url(self) -> str:
        return f"http://127.0.0.1:{self.port + 2}"

    @property
    def provider_url(self) -> str:
        return f"http://127.0.0.1:{self.port + 3}"

    @property
    def environment(self) -> dict[str, str]:
        """What the parts of this system run with."""
        value: dict[str, str] = json.loads((self.state / "environment.json").read_text(encoding="utf-8"))
        return value

    def todoke(self, *arguments: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """Run a command of the command line against this system."""
        return subprocess.run(
            [sys.executable, "-m", "app.cli", *arguments],
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def journey(self, person: str, policy: str, service: str, *more: str) -> tuple[int, dict[str, Any]]:
        """Exit status and report of `todoke journey`."""
        arguments = ["--person", person, "--policy", policy, "--service", service, "--base-url", self.url, "--json"]
        done = self.todoke("journey", *arguments, "--state-dir", str(self.state), *more)
        lines = done.stdout.strip().splitlines()
        assert lines, done.stderr
        return done.returncode, json.loads(lines[-1])

    def stop(self) -> int:
        """Ctrl-C, as a person would stop it."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=60)


def start_system(state: Path, port: int | None = None, **settings: str) -> System:
    """Start a demo, with these settings beside its own, and wait until it is ready."""
    port = port or free_port_block()
    log = (state.parent / f"{state.name}.log").open("ab")
    environment = {key: value for key, value in os.environ.items() if not key.startswith("TODOKE_")}
    environment |= settings
    process = subprocess.Popen(
        [sys.executable, "-m", "app.cli", "demo", "--port", str(port), "--state-dir", str(state), "--no-qr"],
        stdout=log,
        stderr=subprocess.STDOUT,
        env=environment,
        start_new_session=True,
    )
    system = System(process, port, state)
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(Path(log.name).read_text(encoding="utf-8"))
        try:
            ready = httpx.get(f"{system.url}/readyz", timeout=2, trust_env=False).status_code == 200
            if ready and httpx.get(f"{system.keypad_url}/", timeout=2, trust_env=False).status_code == 200:
                return system
        except httpx.HTTPError:
            pass
        time.sleep(0.2)
    system.stop()
    raise RuntimeError("the demo did not become ready:\n" + Path(log.name).read_text(encoding="utf-8"))
