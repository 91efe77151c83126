"""The service under its own server, and a Flask that does nothing under the same one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import psutil
from flask import Flask, Response, redirect

from bench.apply.load import Connection
from bench.apply.residents import post

READY_SECONDS = 60.0
BARE_REQUEST = post("/policies/B-000/apply/confirm", "confirmed=yes", "todoke=none")


def bare() -> Flask:
    """A route that answers as the confirming page does, and nothing else."""
    app = Flask("bare")

    @app.post("/policies/<policy_id>/apply/confirm")
    def send(policy_id: str) -> Response:
        return redirect(f"/applications/{policy_id}?sent=1", code=303)

    @app.get("/healthz")
    def healthz() -> str:
        return "ok"

    return app


class Server:
    """A started server with its workers."""

    def __init__(self, command: list[str], port: int | None, log: Path, environment: Mapping[str, str]) -> None:
        self.peak_bytes = 0
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *command],
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **environment},
                start_new_session=True,
            )
        if port is None:
            return
        self.port = port
        deadline = time.monotonic() + READY_SECONDS
        while True:
            try:
                Connection(port).ask(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:8000\r\n\r\n")
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(log.read_text("utf-8", "replace")[-2000:]) from None
                time.sleep(0.1)

    def note_memory(self) -> None:
        """Remember the most that all processes of the server held in their own memory (unique set size)."""
        parts = [psutil.Process(self.process.pid), *psutil.Process(self.process.pid).children(recursive=True)]
        self.peak_bytes = max(self.peak_bytes, sum(part.memory_full_info().uss for part in parts))

    def stop(self) -> None:
        """Ask it to end, and wait."""
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def service(port: int, workers: int, log: Path, environment: Mapping[str, str]) -> Server:
    """`todoke serve`."""
    return Server(["app.cli", "serve", "--port", str(port), "--workers", str(workers)], port, log, environment)


def bare_flask(port: int, workers: int, log: Path, environment: Mapping[str, str]) -> Server:
    """The same server around ``bare``."""
    return Server(["bench.apply.bare_flask", str(port), str(workers)], port, log, environment)
