"""`python -m bench.eligibility`: what issue 4 puts numbers on, each beside its limit. Exit status 1 when one is missed.

Parts: addresses, decisions, lists, search. `python -m bench.eligibility decisions --quick` runs one, small.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import date, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from bench.machine import described

DECISIONS = 200_000
QUICK = 20_000
PER_CORE = 20_000.0
RESULTS = Path(__file__).parent / "results"
_PARTS = ("addresses", "decisions", "lists", "search")
_QUICK_SIZES = {"lists": (10_000,), "search": (100, 1_000)}
_SAMPLES = Path(__file__).parent.parent / "app" / "sample_data" / "sample_policies.json"

EIGHT_CONDITIONS: dict[str, Any] = {
    "kind": "all",
    "of": [
        {"kind": "residence", "mode": "card_address_at_application", "codes": ["992011"]},
        {"kind": "birth_date", "first": "1940-01-01", "last": "2000-12-31"},
        {"kind": "age", "min": 18, "as_of": "application", "rule": "law_age"},
        {"kind": "on_list", "list_id": "L-1"},
        {"kind": "not", "condition": {"kind": "received_earlier", "policies": ["P-004"]}},
        {"kind": "linked_app", "app": "APP-1"},
        {"kind": "document_seen", "document": "申告完了通知"},
        {"kind": "any", "of": [{"kind": "sex", "sex": "female"}, {"kind": "event_attendance", "event": "E-1"}]},
    ],
}


def run_decisions(count: int = DECISIONS) -> list[dict[str, object]]:
    """Whole decisions (conditions, checks, messages, digests), each on other facts; no database."""
    alone = decide(count)
    cores = os.cpu_count() or 1
    began = time.perf_counter()
    with ProcessPoolExecutor(cores) as pool:
        list(pool.map(decide, [count] * cores))
    together = cores * count / (time.perf_counter() - began)
    return [
        _row("decisions with 8 conditions, one core", count, alone, "per second", PER_CORE),
        _row(f"decisions with 8 conditions, {cores} cores", cores * count, together, "per second", None),
    ]


def decide(count: int) -> float:
    """Decisions a second of this process's own time on a core, whatever else the machine does.

    Half of the people fail or are doubtful, so that messages are made.
    """
    from app import municipalities
    from app.policies import PolicyDocument
    from app.screening import screen

    municipalities.configure(with_samples=True)
    content = next(item for item in json.loads(_SAMPLES.read_text("utf-8")) if item["policy_id"] == "P-001")
    del content["status"], content["eligibility"]
    content["conditions"] = {"schema_version": 1, "root": EIGHT_CONDITIONS}
    content["screening"] = ["CARD_AUTO", "PRE_LIST", "EXCLUSION_LIST", "EXTERNAL_APP", "DOC_AT_COUNTER", "EVENT_QR"]
    document = PolicyDocument.model_validate_json(json.dumps(content))
    people = list(_people())
    outcomes = [screen(document, facts).aggregate for facts in people]
    assert set(outcomes) == {"approved", "rejected", "manual"}, outcomes
    began = time.process_time()
    for number in range(count):
        screen(document, people[number % len(people)])
    return count / (time.process_time() - began)


def _people() -> Iterable[Any]:
    from app import municipalities
    from app.policies import Activity, Received
    from app.screening import Facts

    fits = Facts(
        address=municipalities.resolve("みらい県あさひ市本町１丁目２番３号"),
        birth_date=date(1975, 8, 19),
        assurance="attended",
        revocation="good",
        instant=datetime.fromisoformat("2026-11-20T10:00:00+09:00"),
        sex="2",
        lists={"L-1": "name"},
        received={"P-004": Received("none")},
        activities={"APP-1": Activity(True)},
        attendances={"E-1": "attended"},
        documents_seen=frozenset({"申告完了通知"}),
    )
    for number in range(12):
        yield replace(fits, birth_date=date(1950 + number, 3, 1 + number))
    elsewhere = municipalities.resolve("ほくと県あさひ市栄町２丁目１番９号")
    for number in range(4):
        yield replace(fits, address=elsewhere, birth_date=date(1950 + number, 3, 1))
        yield replace(fits, birth_date=date(2010, 1, 1 + number))
        yield replace(fits, lists={"L-1": "weak"})


def _row(name: str, size: int, value: float, unit: str, least: float | None) -> dict[str, object]:
    """A measure with the least that is asked for; parts with an upper limit say ``ok`` themselves."""
    return {
        "name": name,
        "size": size,
        "value": value,
        "unit": unit,
        "limit": least,
        "ok": least is None or value >= least,
    }


def run(parts: Iterable[str], *, quick: bool) -> Iterator[tuple[str, list[dict[str, object]], float]]:
    """Each part with its rows and the seconds it took, as soon as it is done."""
    for part in parts:
        began = time.perf_counter()
        if part == "decisions":
            rows = run_decisions(QUICK if quick else DECISIONS)
        else:
            measure: Callable[..., list[dict[str, object]]] = import_module(f"bench.eligibility_{part}").run
            rows = measure(_QUICK_SIZES[part]) if quick and part in _QUICK_SIZES else measure()
        yield part, rows, time.perf_counter() - began


def main() -> int:
    """Print a table, or JSON for machines; the whole run is kept in `bench/results`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"some of {', '.join(_PARTS)}; all without it")
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that it runs; kept only with --keep")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--keep", action=argparse.BooleanOptionalAction, help="write bench/results/")
    chosen = parser.parse_args()
    unknown = set(chosen.parts) - set(_PARTS)
    if unknown:
        parser.error(f"no part is called {', '.join(sorted(unknown))}")
    rows: list[dict[str, object]] = []
    for part, measured, seconds in run(chosen.parts or _PARTS, quick=chosen.quick):
        rows += measured
        if not chosen.json:
            print(f"{part}: {seconds:.0f} s")
            print("\n".join(" ".join(cells) for cells in map(_cells, measured)), flush=True)
    if chosen.json:
        print(json.dumps(rows, ensure_ascii=False, indent=1))
    if chosen.keep or (chosen.keep is None and not chosen.quick):
        _keep(rows, sys.argv[1:])
    return 1 if any(row["ok"] is False for row in rows) else 0


def _cells(row: dict[str, object]) -> tuple[str, str, str, str, str]:
    limit = "" if row["limit"] is None else f"{row['limit']:,}"
    verdict = "" if row["ok"] is None or row["limit"] is None else "ok" if row["ok"] else "MISSED"
    return f"{row['name']!s:<58}", f"{row['size']:>10,}", f"{row['value']:>14,.2f} {row['unit']!s:<18}", limit, verdict


def _keep(rows: list[dict[str, object]], arguments: list[str]) -> None:
    today = f"{date.today():%Y-%m-%d}"  # noqa: DTZ011  # the machine's day
    path = RESULTS / f"eligibility-{today}.md"
    command = " ".join(["python -m bench.eligibility", *arguments])
    lines = ["| measure | size | value | limit | |", "|---|---:|---:|---:|---|"]
    lines += ["| " + " | ".join(cell.strip() for cell in _cells(row)) + " |" for row in rows]
    path.write_text(
        f"# Who may receive what: addresses, decisions, lists, search\n\n{today}, `{command}`, {described()}.\n\n"
        + "\n".join(lines)
        + "\n\nSearch and bare Flask ran under the same server and were asked by turns in the same run; an import ran"
        "\nin a process of its own against a durable PostgreSQL; decisions are counted by the process's own time.\n",
        encoding="utf-8",
    )
    print(f"kept in bench/results/{path.name}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
