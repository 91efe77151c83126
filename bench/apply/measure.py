"""Short stretches of load in turn, so that whatever else the machine does meets all of them alike."""

from __future__ import annotations

import os
import statistics
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import psycopg

from bench.apply import copies, statements
from bench.apply.load import Connection, Slice, drive
from bench.apply.residents import Makers, Resident, in_turn
from bench.apply.servers import BARE_REQUEST, Server
from bench.apply.statements import Recorded
from bench.apply.town import HOT_POLICY, Town, policy_name

SPREAD_OVER = 200
HTTP_SECONDS = 1.5
PGBENCH_SECONDS = 1.0
FIRST_EACH = 50
MOST_EACH = 2_000


@dataclass
class Turns:
    """The stretches of one kind of load: rate, processor seconds for each application, time of each request."""

    per_second: list[float] = field(default_factory=list)
    cpu_seconds: list[float] = field(default_factory=list)
    seconds_of_each: list[float] = field(default_factory=list)

    @property
    def cpu_milliseconds(self) -> float:
        return statistics.median(self.cpu_seconds) * 1000

    def milliseconds(self, share: float) -> float:
        """A percentile of the time of a request; for pgbench, of the averages of its runs."""
        ordered = sorted(self.seconds_of_each)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000


KINDS = ("bare Flask", "pgbench, spread", "service, spread", "pgbench, hot", "service, hot")


class Bench:
    """A running service, a bare Flask beside it, and pgbench on the same database."""

    def __init__(self, town: Town, service: Server, bare: Server, folder: Path, connections: int) -> None:
        self._town, self._service, self._bare, self._folder = town, service, bare, folder
        self._connections = connections
        self._makers = Makers(town.agent_id)
        self._waiting: dict[str, deque[Resident]] = {"spread": deque(), "hot": deque()}
        self._policies = {
            "spread": in_turn([policy_name(number) for number in range(SPREAD_OVER)]),
            "hot": in_turn([HOT_POLICY]),
        }
        self._sql = {"spread": statements.spread_policy(SPREAD_OVER), "hot": statements.hot_policy()}
        self._number = 1
        self._each = dict.fromkeys(self._sql, FIRST_EACH)
        self.turns = {kind: Turns() for kind in KINDS}
        self.accepted = 0
        self.statement_count = 0

    @property
    def peak_memory(self) -> int:
        """The most that the web processes held, in bytes."""
        return self._service.peak_bytes

    def prepare(self) -> Recorded:
        """Warm up, record the statements of one application, and write the scripts."""
        self._makers_fill(400)
        for kind in ("spread", "hot"):
            self._press(kind, 2.0)
        (one, self._model) = self._makers.make(self._policies["hot"], 2)
        connection = Connection(self._service.port)
        recorded = statements.record(self._town.cluster, one, lambda request: connection.ask(request)[0])
        connection.close()
        self.accepted += 1
        self.statement_count = recorded.count
        for kind, policy in self._sql.items():
            (self._folder / f"{kind}.sql").write_text(statements.script(recorded, policy), encoding="utf-8")
            self._pgbench(kind)
        drive(self._bare.port, deque([BARE_REQUEST] * 2_000), connections=self._connections, seconds=2.0)
        return recorded

    def round(self) -> None:
        """One stretch of each kind."""
        self._makers_fill(1_000)
        self._measured("bare Flask", self._flask)
        for kind in ("spread", "hot"):
            self._copies(kind, self._connections * self._each[kind])
            self._measured(f"pgbench, {kind}", lambda kind=kind: self._pgbench(kind, ready=True))
            self._measured(f"service, {kind}", lambda kind=kind: self._press(kind, HTTP_SECONDS))
        self._service.note_memory()

    def spread_alone(self) -> tuple[float, float, float]:
        """One stretch of the service, spread: rate, processor seconds of each, median time of a request in seconds."""
        self._makers_fill(1_000)
        before = self._cpu()
        done = self._press("spread", HTTP_SECONDS)
        cost = (self._cpu() - before) / len(done.seconds_of_each)
        return done.per_second, cost, done.percentile(0.5)

    def ratio(self, kind: str) -> float:
        """The service's rate as a share of the serial bound 1 / (1 / Flask + 1 / pgbench), median of the rounds."""
        rates = (self.turns[name].per_second for name in ("bare Flask", f"pgbench, {kind}", f"service, {kind}"))
        return statistics.median(ours * (1 / flask + 1 / pgbench) for flask, pgbench, ours in zip(*rates, strict=True))

    def cpu_ratio(self, kind: str) -> float:
        """The same by processor time, which a busy machine changes less."""
        flask, pgbench, ours = (
            self.turns[name].cpu_milliseconds for name in ("bare Flask", f"pgbench, {kind}", f"service, {kind}")
        )
        return (flask + pgbench) / ours

    def _measured(self, name: str, act: Callable[[], Slice]) -> None:
        before = self._cpu()
        done = act()
        turns = self.turns[name]
        turns.per_second.append(done.per_second)
        turns.cpu_seconds.append((self._cpu() - before) / (done.seconds * done.per_second))
        turns.seconds_of_each += done.seconds_of_each

    def _cpu(self) -> float:
        """Processor seconds of everything that takes part: servers, database, pgbench and this process."""
        own = os.times()
        total = own.user + own.system + own.children_user + own.children_system
        for root in (self._service.process.pid, self._bare.process.pid, self._town.postmaster):
            parent = psutil.Process(root)
            times = parent.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
            for child in parent.children(recursive=True):
                try:
                    used = child.cpu_times()
                except psutil.NoSuchProcess:
                    continue
                total += used.user + used.system
        return total

    def _flask(self) -> Slice:
        requests = deque([BARE_REQUEST] * 100_000)
        return drive(self._bare.port, requests, connections=self._connections, seconds=HTTP_SECONDS / 2)

    def _press(self, kind: str, seconds: float) -> Slice:
        requests = deque(resident.request for resident in self._waiting[kind])
        slice_ = drive(self._service.port, requests, connections=self._connections, seconds=seconds)
        self._waiting[kind] = deque(list(self._waiting[kind])[-len(requests) :] if requests else [])
        assert set(slice_.statuses) == {303}, slice_.statuses
        self.accepted += len(slice_.seconds_of_each)
        return slice_

    def _pgbench(self, kind: str, *, ready: bool = False) -> Slice:
        each = self._each[kind]
        count = self._connections * each
        if not ready:
            self._copies(kind, count)
        path = self._folder / f"{kind}.sql"
        sent = statements.send(self._town.cluster, path, base=self._number, clients=self._connections, each=each)
        self._number += count + 1
        self._each[kind] = max(FIRST_EACH, min(MOST_EACH, int(sent.per_second * PGBENCH_SECONDS / self._connections)))
        taken = count / sent.per_second
        return Slice(taken, [sent.milliseconds / 1000] * count)

    def _copies(self, kind: str, count: int) -> None:
        with psycopg.connect(self._town.database_url, autocommit=True) as connection:
            copies.drafts(connection, self._model, self._sql[kind], self._number, count + 1)

    def _makers_fill(self, wanted: int) -> None:
        for kind, waiting in self._waiting.items():
            if len(waiting) < wanted:
                waiting.extend(self._makers.make(self._policies[kind], wanted - len(waiting)))
