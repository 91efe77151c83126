"""A whole installation in processes of its own, each of which can be killed at any moment and started again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from bench.apply.load import Connection
from bench.apply.town import Town, free_port, prepare

TOKEN = "token-of-the-simulated-provider"
PROVIDER = "PRV-01"
READY_SECONDS = 120.0


class Part:
    """One process of the installation (with those it starts)."""

    def __init__(self, name: str, command: list[str], town: Town, port: int | None) -> None:
        self.name = name
        self.kills = self.revived = 0
        self._command, self._environment, self._port = command, town.environment, port
        self._log = town.state.parent / f"{name}.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; where it answers, wait until it does."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", *self._command],
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env={**os.environ, **self._environment, "PYTHONFAULTHANDLER": "1"},
                start_new_session=True,
            )
        deadline = time.monotonic() + READY_SECONDS
        while self._port is not None:
            try:
                Connection(self._port).ask(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:8000\r\n\r\n")
                return
            except OSError:
                if self._process.poll() is not None:
                    return  # it could not start now; whoever supervises tries again
                if time.monotonic() > deadline:  # so that whoever supervises starts it anew
                    os.killpg(self._process.pid, signal.SIGKILL)
                    return
                time.sleep(0.05)  # for another process, not for time to pass

    def kill(self) -> None:
        """SIGKILL to it and to every process it started."""
        assert self._process is not None
        self.kills += 1
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def kill_one_of_its_own(self) -> None:
        """SIGKILL to one process that it started: a web process under its server, which starts another by itself."""
        assert self._process is not None
        children = psutil.Process(self._process.pid).children(recursive=True)
        if children:
            self.kills += 1
            children[0].kill()

    def ended_by_itself(self) -> bool:
        """Nobody killed it, and it is not running."""
        return self._process is not None and self._process.poll() is not None

    def dump_stacks(self) -> None:
        """Let Python write where each thread is, into the log; it ends the process."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGABRT)

    def stop(self) -> None:
        """At the end of the test."""
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGTERM)
            try:
                self._process.wait(15)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()

    def log_tail(self) -> str:
        return self._log.read_text("utf-8", "replace")[-12_000:]


class Installation:
    """PostgreSQL that keeps what it committed, two web processes, a worker, a payment provider with its own book."""

    def __init__(self, folder: Path) -> None:
        provider_port, self.web_port = free_port(), free_port()
        endpoint = {PROVIDER: {"url": f"http://127.0.0.1:{provider_port}", "token": TOKEN}}
        self.town = prepare(folder, policy_count=0, providers=endpoint)
        self.provider_port = provider_port
        serve = ["app.cli", "serve", "--port", str(self.web_port), "--workers", "2"]
        provider = ["app.cli", "provider-simulator", "--port", str(provider_port)]
        self.web = Part("web", serve, self.town, self.web_port)
        self.provider = Part("provider", provider, self.town, provider_port)
        self.worker = Part("worker", ["app.cli", "worker", "--concurrency", "8"], self.town, None)
        self.parts = (self.provider, self.web, self.worker)
        self.database_kills = 0
        self._one_at_a_time = threading.Lock()
        self._end = threading.Event()
        for part in self.parts:
            part.start()
        self._supervisor = threading.Thread(target=self._supervise, daemon=True)
        self._supervisor.start()

    def _supervise(self) -> None:
        """As an operating system would: a part that ended by itself is started again (a database that is just
        recovering ends what starts at that moment)."""
        while not self._end.wait(0.5):
            with self._one_at_a_time:
                for part in self.parts:
                    if part.ended_by_itself():
                        part.revived += 1
                        part.start()

    def kill(self, victim: str, pause: float) -> None:
        """Kill one part, leave it dead for a while, start it again."""
        with self._one_at_a_time:
            acts: dict[str, Callable[[float], None]] = {
                "postgres": self._kill_database,
                "backend": self._kill_backend,
                "web process": lambda _: self.web.kill_one_of_its_own(),
            }
            if victim in acts:
                acts[victim](pause)
                return
            part = next(part for part in self.parts if part.name == victim)
            part.kill()
            time.sleep(pause)  # real processes: how long one stays dead is part of the test
            part.start()

    def _kill_database(self, pause: float) -> None:
        self.database_kills += 1
        server = psutil.Process(self.town.postmaster)
        family = [server, *server.children(recursive=True)]
        for process in family:
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        psutil.wait_procs(family, timeout=20)
        time.sleep(pause)
        self.town.cluster.start()

    def _kill_backend(self, _: float) -> None:
        """One connection's process: PostgreSQL then ends all others and recovers."""
        self.database_kills += 1
        for child in psutil.Process(self.town.postmaster).children():
            if "todoke" in " ".join(child.cmdline()):
                child.kill()
                return

    def tell_where_each_stands(self) -> None:
        """After a breach: the end of every log, with the stacks of all threads."""
        self._end.set()
        self._supervisor.join()
        for part in self.parts:
            part.dump_stacks()
        time.sleep(2.0)  # until they are written
        for part in self.parts:
            print(part.name, part.log_tail(), sep="\n", file=sys.stderr, flush=True)

    def stop(self) -> None:
        """End everything."""
        self._end.set()
        self._supervisor.join()
        for part in reversed(self.parts):
            part.stop()
        self.town.cluster.stop()
