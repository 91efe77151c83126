"""`python -m bench.apply`: what an application costs, beside what its parts cost alone.

One application is the press of the button on the confirming page: session, CSRF, validation, screening, one
transaction with application, checks, ledger, grant, order, job, audit and the guarded counters. It is measured over
HTTP, in turn with pgbench sending the same statements and with a bare Flask under the same server; spread over 200
policies, and all on one. It starts its own PostgreSQL, which keeps what it commits.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench.apply import checks, granted, growth, replay, report, servers, town
from bench.apply.measure import SPREAD_OVER, Bench

GOAL = 0.4
GRANTED_SECONDS = 2.0
GROWTH = 1.15


def main() -> None:
    """Measure, print, keep; exit status 1 when the invariants don't hold or a goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.apply", description=__doc__)
    parser.add_argument("--rounds", type=int, default=30, help="turns of each kind of load (the median counts)")
    parser.add_argument("--workers", type=int, default=2, help="web processes")
    parser.add_argument("--connections", type=int, default=8, help="connections of the load, and clients of pgbench")
    parser.add_argument("--granted", type=int, metavar="N", help="only: from receipt to granted, N people, nobody else")
    parser.add_argument("--growth", type=int, metavar="ROWS", help="only: what an application costs with so many there")
    parser.add_argument("--replay", action="store_true", help="only: fiscal 2022 in bulk, 41 policies")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the recipients that are replayed")
    parser.add_argument("--json", action="store_true", help="print a last line for machines, keep nothing")
    arguments = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="todoke-b-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        if arguments.granted:
            sys.exit(tell_granted(granted.measure(folder, arguments.granted)))
        if arguments.growth:
            sys.exit(tell_growth(growth.measure(folder, arguments.growth, arguments.workers, arguments.connections)))
        if arguments.replay:
            sys.exit(tell_replay(replay.measure(folder, arguments.scale, arguments.workers), as_json=arguments.json))
        result = compare(folder, stack, arguments)
    print(report.table(result))
    if arguments.json:
        print(json.dumps(result))
    else:
        report.keep(result)
    met = min(result["ratio_serial_bound_spread"], result["ratio_serial_bound_hot"]) >= GOAL
    sys.exit(not (result["invariants_hold"] and met))


def tell_granted(waits: list[float]) -> int:
    """Print the waits; 1 when the goal is missed."""
    ordered = sorted(waits)
    p95 = ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
    print(
        f"receipt to granted, {len(waits)} people: median {ordered[len(ordered) // 2]:.2f} s, p95 {p95:.2f} s, goal 2 s"
    )
    return int(p95 >= GRANTED_SECONDS)


def tell_growth(found: list[growth.Stage]) -> int:
    """Print what an application costs at each size; 1 when it grows more than it may."""
    for stage in found:
        print(
            f"{stage.applications:>10,} applications there: {stage.cpu_milliseconds:.2f} ms of processor,"
            f" {stage.per_second:.0f} a second, p50 {stage.p50_milliseconds:.1f} ms"
        )
    ratio, differences = found[-1].cpu_milliseconds / found[0].cpu_milliseconds, found[-1].differences
    print(f"cost at the end {ratio:.2f} x that at the beginning, limit {GROWTH}; books: {differences or 'right'}")
    return int(ratio > GROWTH or bool(differences))


def tell_replay(found: replay.Replayed, *, as_json: bool) -> int:
    """Print time, totals and books; 1 when they differ, or when the whole year took longer than it may."""
    print(found.table())
    if as_json:
        print(json.dumps({"seconds": round(found.seconds, 1), "invariants_hold": not found.differences}))
    return int(bool(found.differences) or (found.scale >= 1 and found.seconds > replay.GOAL_SECONDS))


def compare(folder: Path, stack: ExitStack, arguments: argparse.Namespace) -> dict[str, Any]:
    """The reference transaction against its serial bound."""
    began = time.monotonic()
    place = town.prepare(folder, policy_count=SPREAD_OVER)
    stack.callback(place.cluster.stop)
    started = []
    for start in (servers.service, servers.bare_flask):
        log = folder / f"{start.__name__}.log"
        started.append(start(town.free_port(), arguments.workers, log, place.environment))
        stack.callback(started[-1].stop)
    bench = Bench(place, *started, folder, arguments.connections)
    bench.prepare()
    for number in range(arguments.rounds):
        bench.round()
        print(f"\rround {number + 1} of {arguments.rounds}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    differences = checks.differences(bench.accepted)
    return report.result(bench, differences, arguments, time.monotonic() - began)


if __name__ == "__main__":
    main()
