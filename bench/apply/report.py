"""The figures as a table for people and as one line for machines; kept with date, machine and command."""

from __future__ import annotations

import argparse
import sys
from datetime import date
from pathlib import Path
from typing import Any

from bench.apply.measure import KINDS, Bench
from bench.machine import described

RESULTS = Path(__file__).resolve().parents[1] / "results"


def result(bench: Bench, differences: list[str], arguments: argparse.Namespace, seconds: float) -> dict[str, Any]:
    """What was measured, as plain data."""
    rows = {}
    for kind in KINDS:
        turns = bench.turns[kind]
        rates = sorted(turns.per_second)
        rows[kind] = {
            "per_second": round(rates[len(rates) // 2], 1),
            "slowest": round(rates[0], 1),
            "fastest": round(rates[-1], 1),
            "p50_ms": round(turns.milliseconds(0.5), 2),
            "p99_ms": round(turns.milliseconds(0.99), 2),
            "cpu_ms": round(turns.cpu_milliseconds, 2),
        }
    return {
        "ratio_serial_bound_spread": round(bench.ratio("spread"), 3),
        "ratio_serial_bound_hot": round(bench.ratio("hot"), 3),
        "invariants_hold": not differences,
        "differences": differences[:20],
        "cpu_ratio_spread": round(bench.cpu_ratio("spread"), 3),
        "cpu_ratio_hot": round(bench.cpu_ratio("hot"), 3),
        "applications": bench.accepted,
        "statements": bench.statement_count,
        "peak_memory_mb": round(bench.peak_memory / 1e6, 1),
        "connections": arguments.connections,
        "workers": arguments.workers,
        "seconds": round(seconds),
        "kinds": rows,
        "machine": described(),
        "command": "python -m bench.apply " + " ".join(sys.argv[1:]),
    }


def table(found: dict[str, Any]) -> str:
    """For people."""
    lines = [
        "# One application against its serial bound",
        "",
        f"{date.today():%Y-%m-%d}, `{found['command'].strip()}`, {found['machine']}.",  # noqa: DTZ011 -- machine's day
        "",
        f"{found['workers']} web processes, {found['connections']} connections, {found['statements']} statements for"
        f" one application, {found['applications']} over HTTP. Medians of short turns; the processor column"
        " is milliseconds of all processes together for one application.",
        "",
        "| kind | a second | slowest turn | fastest turn | p50 ms | p99 ms | processor ms |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for kind, row in found["kinds"].items():
        p99 = "" if kind.startswith("pgbench") else row["p99_ms"]
        cells = (row["per_second"], row["slowest"], row["fastest"], row["p50_ms"], p99, row["cpu_ms"])
        lines.append(f"| {kind} | " + " | ".join(str(cell) for cell in cells) + " |")
    lines += [
        "",
        f"Share of the serial bound: spread {found['ratio_serial_bound_spread']}, hot {found['ratio_serial_bound_hot']}"
        f" (by processor time {found['cpu_ratio_spread']} and {found['cpu_ratio_hot']}). Goal: 0.4.",
        f"Memory of the web processes at most {found['peak_memory_mb']} MB (their own, without what they share).",
        "Invariants hold." if found["invariants_hold"] else "INVARIANTS BROKEN: " + "; ".join(found["differences"]),
    ]
    return "\n".join(lines)


def keep(found: dict[str, Any]) -> None:
    """In bench/results, by the machine's day."""
    path = RESULTS / f"apply-{date.today():%Y-%m-%d}.md"  # noqa: DTZ011
    path.write_text(table(found) + "\n", encoding="utf-8")
    print(f"kept in {path.relative_to(RESULTS.parents[1])}")
