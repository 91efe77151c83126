"""Fiscal 2022 once more, in bulk: apply, order, grant, and the monthly totals of each provider from the ledger.

The use cases and constraints are those of the service, up to a thousand applications to a transaction, the people's
evidence and drafts made before the time counts, and no network: orders and results go by file, the file's bytes from
one program to the other in this machine's memory. Every order is in the simulated provider's own book, and at the end
both agree. Timed is all of it, from the first application to the last month's totals.
"""

from __future__ import annotations

import json
import os
import sys
import time
import zlib
from collections import deque
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil
import psycopg
from sqlalchemy import text

from app import applications, clock, db, payments, points, policies, settings, start
from app.provider_simulator import create_simulator
from bench.apply import checks
from bench.apply.fiscal_2022 import MONTHS, SERVICES, Plan, plans
from bench.apply.residents import Makers
from bench.apply.town import PROVIDER_DATABASE, SAMPLES, Town, database_cpu, for_bulk, prepare, settle

GOAL_SECONDS = 15 * 60.0
AT_ONCE = 1_000
EXCHANGE_AFTER = 10_000
LATER = timedelta(days=3)
# Below this share most transactions hold one application, which says nothing about the year.
TELLING_SCALE = 0.005
_ENDS = {"apply_to": "2023-03-31", "assign_by": "2023-04-10", "grant_by": "2023-05-31", "receive_by": None}
_TOTALS = """
SELECT to_char(e.at AT TIME ZONE 'Asia/Tokyo', 'YYYY-MM') AS month, o.provider_id, count(*), sum(e.amount)::bigint
FROM ledger_entries e JOIN grant_orders o ON o.policy_id = e.policy_id AND o.id = e.order_id
WHERE e.event = 'grant_ok' GROUP BY 1, 2 ORDER BY 1, 2
"""
# Order for order, in whatever order they are read: each order's id, amount and transaction number as one number.
_OURS = """
SELECT count(*), sum(amount), sum(('x' || substr(md5(id::text || amount || transaction_no), 1, 8))::bit(32)::bigint)
FROM grant_orders WHERE state = 'succeeded'
"""
_THEIRS = """
SELECT count(*), sum(amount),
 sum(('x' || substr(md5(order_id::text || amount || transaction_no), 1, 8))::bit(32)::bigint)
FROM grants_book
"""


@dataclass
class Replayed:
    """What the replay came to. ``seconds`` leave out the making of people, who stand before the button."""

    scale: float
    workers: int
    seconds: float = 0.0
    people_seconds: float = 0.0
    cpu_seconds: float = 0.0
    database_cpu_seconds: float = 0.0
    exchange_seconds: float = 0.0
    recipients: int = 0
    points: int = 0
    peak_memory: int = 0
    totals: list[tuple[str, str, int, int]] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)

    def table(self) -> str:
        """For people."""
        lines = [
            f"{month}  {provider}  {count:>9,} grants  {amount:>14,} points"
            for month, provider, count, amount in self.totals
        ]
        lines.append(
            f"{self.recipients:,} recipients, {self.points:,} points in {self.seconds:.0f} s"
            f" with {self.workers} process(es), {self.recipients / self.seconds:.0f} a second,"
            f" {1000 * self.cpu_seconds / self.recipients:.2f} ms of processor each,"
            f" and {1000 * self.database_cpu_seconds / self.recipients:.2f} of the database's;"
            f" of the time {self.exchange_seconds:.0f} s for orders and results;"
            f" people made before in {self.people_seconds:.0f} s;"
            f" peak memory of one process {self.peak_memory / 1e6:.0f} MB"
        )
        if TELLING_SCALE <= self.scale < 1:
            lines.append(f"the whole year at this pace: {self.seconds / self.scale / 60:.0f} minutes (goal 15)")
        lines.append(f"books: {self.differences or 'right'}")
        return "\n".join(lines)


def measure(folder: Path, scale: float, workers: int) -> Replayed:
    """Replay the year, or a share of it."""
    found = Replayed(scale, workers)
    with ExitStack() as stack:
        providers = {name: {"gateway": "file", "token": _token(name)} for name in SERVICES.values()}
        town = prepare(folder, policy_count=0, providers=providers)
        stack.callback(town.cluster.stop)
        for_bulk(town.cluster)
        year = plans(scale)
        _open(year)
        (folder / "drafts").mkdir()
        batches = _batches(year, folder / "drafts")
        with ProcessPoolExecutor(workers, get_context("spawn"), _begin, (town.agent_id,)) as pool:
            began = time.perf_counter()
            made = [pool.submit(_make, batch) for month in batches for batch in month]
            for number, future in enumerate(as_completed(made), start=1):
                future.result()
                _show(f"people, batch {number:,} of {len(made):,}")
            settle(town)
            began, found.people_seconds = time.perf_counter(), time.perf_counter() - began
            before = database_cpu(town)
            _run(pool, batches, found, sum(plan.recipients for plan in year))
            found.database_cpu_seconds = database_cpu(town) - before
            with db.transaction() as session:
                session.execute(text("SET LOCAL statement_timeout = '10min'"))
                found.totals = [tuple(row) for row in session.execute(text(_TOTALS))]
            found.seconds = time.perf_counter() - began
        _close(town, year, found)
    return found


def _show(progress: str) -> None:
    print(f"\r{progress:<60}", end="", file=sys.stderr, flush=True)


def _token(provider_id: str) -> str:
    return f"token-of-the-replay-{provider_id}"


def _open(year: list[Plan]) -> None:
    samples = json.loads((SAMPLES / "sample_policies.json").read_text("utf-8"))
    sample = next(item for item in samples if item["policy_id"] == "P-001")
    ends = {name: day and f"{day}T23:59:59+09:00" for name, day in _ENDS.items()}
    documents = [
        {
            **sample,
            "policy_id": plan.policy_id,
            "fiscal_year": 2022,
            "capacity": plan.recipients,
            "budget": plan.recipients * plan.amount,
            "benefit": {"type": "flat", "amount": plan.amount},
            "services": [plan.service_id],
            "service_windows": {},
            "window": {"apply_from": "2022-10-01T09:00:00+09:00", **ends},
        }
        for plan in year
    ]
    with clock.frozen(MONTHS[0]), db.transaction() as session:
        known = payments.known_service_ids(session)
        policies.load_policies(session, documents, source="replay", known_services=known)
        for document in documents:
            points.fund(session, document["policy_id"], document["budget"])


def _run(pool: ProcessPoolExecutor, batches: list[list[Batch]], found: Replayed, everybody: int) -> None:
    """Month by month; one provider's files go one after another, those of several at the same time."""
    for month in batches:
        waiting = dict.fromkeys(SERVICES.values(), 0)
        left = deque(month)
        open_: set[Future[Step]] = set()
        busy: set[str] = set()
        while left or open_:
            while left and len(open_) < 2 * found.workers:
                open_.add(pool.submit(_apply, left.popleft()))
            done = next(as_completed(open_))
            open_.discard(done)
            step = done.result()
            found.cpu_seconds += step.cpu_seconds
            found.recipients += step.applied
            found.peak_memory = max(found.peak_memory, step.memory)
            waiting[step.provider_id] += step.applied
            if step.is_exchange:
                found.exchange_seconds += step.seconds / found.workers
                busy.discard(step.provider_id)
            last = not left and all(future.done() for future in open_)
            for provider, count in waiting.items():
                if provider not in busy and count and (count >= EXCHANGE_AFTER or last):
                    waiting[provider] = 0
                    busy.add(provider)
                    open_.add(pool.submit(_exchange, provider, month[0].month))
            _show(f"{month[0].month:%Y-%m}  {found.recipients:>9,} of {everybody:,}")
    print(file=sys.stderr)


def _batches(year: list[Plan], folder: Path) -> list[list[Batch]]:
    """For each month the transactions: a sixth of each policy, in turn, so that two processes meet different ones."""
    months: list[list[Batch]] = [[] for _ in MONTHS]
    for plan in year:
        for number, month in enumerate(MONTHS):
            here = plan.recipients * (number + 1) // len(MONTHS) - plan.recipients * number // len(MONTHS)
            months[number] += [
                Batch(plan, min(AT_ONCE, here - first), month, folder / f"{plan.policy_id}-{month:%Y-%m}-{first}")
                for first in range(0, here, AT_ONCE)
            ]
    return [sorted(month, key=lambda one: zlib.crc32(one.drafts.name.encode())) for month in months]


# --- in the processes that do the work ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Batch:
    """One transaction's worth of applications; ``drafts`` is the file that names them."""

    plan: Plan
    count: int
    month: datetime
    drafts: Path


@dataclass(frozen=True)
class Step:
    """What was done at once: one transaction's worth of applications, or one exchange of files."""

    provider_id: str
    applied: int
    seconds: float
    cpu_seconds: float
    memory: int
    is_exchange: bool = False


_agent: list[str] = []


def _begin(agent_id: str) -> None:
    start.configure(settings.current(), application_name="todoke-replay")
    _agent.append(agent_id)
    # Now, and not in the middle: its tables are made at its start, which waits for whoever writes into them.
    _simulator(timedelta(0))
    _simulator(LATER)


@cache
def _makers(service_id: str) -> Makers:
    return Makers(_agent[0], service_id=service_id, signed_in=False)


@cache
def _simulator(offset: timedelta) -> Any:
    """The provider, now or later, on its own database; spoken to without a network."""
    tokens = {name: _token(name) for name in SERVICES.values()}
    url = os.environ["TODOKE_PROVIDER_DATABASE_URL"]
    return create_simulator(url, tokens, clock_offset=offset).test_client()


def _make(batch: Batch) -> None:
    """The people of a batch; their drafts' ids go into its file, so that no process has to hold a million of them."""
    with clock.frozen(batch.month):
        people = _makers(batch.plan.service_id).make(lambda _: batch.plan.policy_id, batch.count)
    batch.drafts.write_bytes(b"".join(one.application_id.bytes + one.person_id.bytes for one in people))


def _apply(batch: Batch) -> Step:
    content = batch.drafts.read_bytes()
    ids = [UUID(bytes=content[first : first + 16]) for first in range(0, len(content), 16)]
    began, cpu = time.perf_counter(), time.process_time()
    with clock.frozen(batch.month):
        results = applications.submit_many(batch.plan.policy_id, list(zip(ids[::2], ids[1::2], strict=True)))
    cpu = time.process_time() - cpu
    for result in results:
        if not isinstance(result, applications.Receipt) or result.state != applications.ApplicationState.APPROVED:
            raise RuntimeError(f"not approved in {batch.plan.policy_id}: {result}")
    memory = psutil.Process().memory_info().rss
    return Step(SERVICES[batch.plan.service_id], len(results), time.perf_counter() - began, cpu, memory)


def _exchange(provider_id: str, month: datetime) -> Step:
    """The orders that wait go out by file; the provider carries them out; its results come back by file."""
    began, cpu = time.perf_counter(), time.process_time()
    headers = {"Authorization": f"Bearer {_token(provider_id)}"}
    with clock.frozen(month + LATER):
        while (out := points.export_grant_file(provider_id)) is not None:
            taken = _simulator(timedelta(0)).post("/v1/grant-files", data=out.content, headers=headers)
            assert taken.get_json() == {"taken": out.order_count}, taken.status
            back = _simulator(LATER).post(f"/v1/result-files/{out.sequence_no}", headers=headers)
            points.take_result_file(provider_id, back.data)
            points.book_result_file(provider_id, int(back.headers["X-Sequence-No"]), rows_at_once=AT_ONCE)
    memory = psutil.Process().memory_info().rss
    cpu = time.process_time() - cpu
    return Step(provider_id, 0, time.perf_counter() - began, cpu, memory, is_exchange=True)


# --- the books ----------------------------------------------------------------------------------------------------


def _close(town: Town, year: list[Plan], found: Replayed) -> None:
    with db.transaction() as session:
        session.execute(text("SET LOCAL statement_timeout = '10min'"))
        ours = tuple(session.execute(text(_OURS)).one())
    with psycopg.connect(town.cluster.url(PROVIDER_DATABASE)) as connection:
        theirs = connection.execute(_THEIRS.encode()).fetchone()
    found.points = sum(amount for *_, amount in found.totals)
    found.differences = checks.differences(found.recipients)
    if tuple(map(int, ours)) != tuple(map(int, theirs or ())):
        found.differences.append(f"our orders {ours}, the providers' books {theirs}")
    wanted = (sum(plan.recipients for plan in year), sum(plan.recipients * plan.amount for plan in year))
    if (int(ours[0]), found.points) != wanted:
        found.differences.append(f"granted {int(ours[0]), found.points}, planned {wanted}")
