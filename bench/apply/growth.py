"""What an application costs where ten thousand, and where a million others are there already.

The others are copies of one that was granted, with everything that belongs to it, made by the database itself.
"""

from __future__ import annotations

import statistics
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import psycopg
from sqlalchemy import text

from app import db
from bench.apply import checks, copies, servers
from bench.apply.measure import SPREAD_OVER, Bench
from bench.apply.residents import Resident
from bench.apply.statements import spread_policy
from bench.apply.town import AMOUNT, Town, free_port, prepare, settle

FIRST = 10_000
CHUNK = 25_000
ROUNDS = 12


@dataclass(frozen=True)
class Stage:
    """The cost with so many applications there."""

    applications: int
    cpu_milliseconds: float
    per_second: float
    p50_milliseconds: float
    differences: list[str]


def measure(folder: Path, rows: int, workers: int, connections: int) -> list[Stage]:
    """At ten thousand, and at ``rows``."""
    with ExitStack() as stack:
        town = prepare(folder, policy_count=SPREAD_OVER)
        stack.callback(town.cluster.stop)
        web = servers.service(free_port(), workers, folder / "web.log", town.environment)
        stack.callback(web.stop)
        bare = servers.bare_flask(free_port(), workers, folder / "bare.log", town.environment)
        stack.callback(bare.stop)
        bench = Bench(town, web, bare, folder, connections)
        model = bench.prepare().resident
        stages, there = [], 0
        for wanted in (FIRST, rows):
            while there < wanted:
                count = min(CHUNK, wanted - there)
                _copy(town, model, there + 1, count)
                there += count
                print(f"\r{there:,} applications", end="", flush=True)
            print()
            settle(town)
            stages.append(_stage(bench, wanted))
        return stages


def _stage(bench: Bench, wanted: int) -> Stage:
    rates, costs, times = [], [], []
    for _ in range(ROUNDS):
        per_second, cpu, p50 = bench.spread_alone()
        rates.append(per_second)
        costs.append(cpu)
        times.append(p50)
    median = statistics.median
    return Stage(wanted, median(costs) * 1000, median(rates), median(times) * 1000, checks.differences())


def _copy(town: Town, one: Resident, first: int, count: int) -> None:
    """Applications numbered from ``first``, complete, and the counters with them. Their numbers begin with 9."""
    number = "(900000000000 + n)"
    policy = spread_policy(SPREAD_OVER).replace(":n", "n")
    ids = {
        kind: copies.uuid_value(place, number)
        for place, kind in enumerate(("person", "facts", "evidence", "application", "link", "grant", "order"), start=1)
    }
    keyed = copies.byte_value(number)
    with db.reading() as session:
        link, grant, order = session.execute(
            text(
                "SELECT l.id, g.id, o.id FROM payment_links l JOIN grants g ON g.application_id = l.application_id"
                " JOIN grant_orders o ON o.grant_id = g.id WHERE l.application_id = :id"
            ),
            {"id": one.application_id},
        ).one()
    of_application = {"application_id": ids["application"], "policy_id": policy}
    rows: list[tuple[str, str, dict[str, str]]] = [
        ("persons", f"id = '{one.person_id}'", {"id": ids["person"]}),
        (
            "person_facts",
            f"id = '{one.facts_id}'",
            {"id": ids["facts"], "person_id": ids["person"], "fingerprint": keyed},
        ),
        (
            "evidence",
            f"id = '{one.evidence_id}'",
            {
                "id": ids["evidence"],
                "person_id": ids["person"],
                "facts_id": ids["facts"],
                "card_session_id": ids["evidence"],
            },
        ),
        (
            "applications",
            f"id = '{one.application_id}'",
            {
                "id": ids["application"],
                "policy_id": policy,
                "applicant_id": ids["person"],
                "beneficiary_id": ids["person"],
                "evidence_id": ids["evidence"],
                "fingerprint": keyed,
                "receipt_no": f"'G' || {number}::text",
            },
        ),
        (
            "payment_links",
            f"id = '{link}'",
            {**of_application, "id": ids["link"], "person_id": ids["person"], "id_index": keyed},
        ),
        ("checks", f"application_id = '{one.application_id}'", of_application),
        (
            "grants",
            f"id = '{grant}'",
            {**of_application, "id": ids["grant"], "person_id": ids["person"], "link_id": ids["link"]},
        ),
        (
            "grant_orders",
            f"id = '{order}'",
            {"id": ids["order"], "policy_id": policy, "grant_id": ids["grant"], "link_id": ids["link"]},
        ),
        (
            "ledger_entries",
            f"application_id = '{one.application_id}'",
            {
                **of_application,
                "person_id": ids["person"],
                "order_id": f"CASE WHEN t.order_id IS NOT NULL THEN {ids['order']} END",
            },
        ),
        ("audit_events", f"object_id = '{one.application_id}'", {"object_id": f"({ids['application']})::text"}),
        ("audit_events", f"object_id = '{order}'", {"object_id": f"({ids['order']})::text"}),
    ]
    with psycopg.connect(town.database_url) as connection:
        for table, where, overrides in rows:
            copies.copy_rows(connection, table, where, overrides, first, count)
        connection.execute(
            f"UPDATE policy_counters c SET seats_taken = seats_taken + k.n, budget = budget - k.n * {AMOUNT},"
            f" ordered = ordered + k.n * {AMOUNT} FROM (SELECT {policy} AS policy_id, count(*) AS n"
            f" FROM generate_series({first}::bigint, {first + count - 1}::bigint) n GROUP BY 1) k"
            " WHERE k.policy_id = c.policy_id".encode()
        )
