"""What must be true after a round of kills; every breach in words."""

from __future__ import annotations

from collections import Counter
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import dict_row
from sqlalchemy import text

from app import audit, db, points
from app.applications import ApplicationState
from bench.apply.residents import Resident
from bench.apply.town import AMOUNT, PROVIDER_DATABASE, Town

_APPLICATIONS = text(
    "SELECT a.id, a.policy_id, a.state, a.receipt_no, count(DISTINCT g.id) AS grants, min(g.state) AS grant_state,"
    " count(o.id) FILTER (WHERE o.state = 'succeeded') AS succeeded,"
    " count(o.id) FILTER (WHERE o.state NOT IN ('succeeded', 'failed')) AS open_orders,"
    " (SELECT count(*) FROM checks c WHERE c.policy_id = a.policy_id AND c.application_id = a.id) AS checks,"
    " (SELECT count(*) FROM payment_links l WHERE l.policy_id = a.policy_id AND l.application_id = a.id"
    "  AND l.state = 'locked') AS links,"
    " (SELECT count(*) FROM audit_events e WHERE e.object_kind = 'application' AND e.object_id = a.id::text"
    "  AND e.action = 'application.submitted') AS audited"
    " FROM applications a LEFT JOIN grants g ON g.policy_id = a.policy_id AND g.application_id = a.id"
    " LEFT JOIN grant_orders o ON o.policy_id = g.policy_id AND o.grant_id = g.id"
    " WHERE a.policy_id = ANY(:names) GROUP BY a.policy_id, a.id"
)
_ORDERS = text(
    "SELECT id, policy_id, amount, transaction_no FROM grant_orders"
    " WHERE policy_id = ANY(:names) AND state = 'succeeded'"
)
_GRANTED = {
    "state": ApplicationState.FULFILLED.value,
    "grants": 1,
    "grant_state": "granted",
    "succeeded": 1,
    "open_orders": 0,
    "links": 1,
    "audited": 1,
}


def breaches(
    town: Town,
    names: list[str],
    seats: int,
    residents: list[Resident],
    receipts: dict[Resident, str],
    refused: list[Resident],
) -> list[str]:
    """Everything that is wrong; empty when all promises were kept."""
    with db.reading() as session:
        rows = {row.id: row._mapping for row in session.execute(_APPLICATIONS, {"names": names})}
        orders = {row.id: row for row in session.execute(_ORDERS, {"names": names})}
        differences = points.check_invariants(session)
        broken_seal = audit.first_broken_seal(session)
        found = [f"invariant: {difference}" for difference in differences]
        for name in names:
            found += _of_policy(session, name, seats)
    if broken_seal is not None:
        found.append(f"audit seal {broken_seal} does not fit its events")
    found += _of_people(rows, receipts, refused)
    if len(receipts) + len(refused) != len(residents):
        found.append(f"{len(residents) - len(receipts) - len(refused)} people have no answer")
    found += _of_books(town, names, orders, len(receipts))
    return found


def _of_policy(session: Any, name: str, seats: int) -> list[str]:
    row = session.execute(
        text("SELECT seats_taken, granted, budget, funded FROM policy_counters WHERE policy_id = :name"), {"name": name}
    ).one()
    wanted = (seats, seats * AMOUNT, 0, seats * AMOUNT)
    return [] if tuple(row) == wanted else [f"{name}: seats, granted, budget, funded {tuple(row)}, expected {wanted}"]


def _of_people(rows: dict[UUID, Any], receipts: dict[Resident, str], refused: list[Resident]) -> list[str]:
    found = []
    for resident, receipt_no in receipts.items():
        row = rows[resident.application_id]
        wrong = {key: row[key] for key, value in _GRANTED.items() if row[key] != value}
        if row["receipt_no"] != receipt_no or row["checks"] < 1:
            wrong["receipt_no"] = row["receipt_no"]
        if wrong:
            found.append(f"{receipt_no} of {resident.policy_id}: {wrong}")
    for resident in refused:
        row = rows[resident.application_id]
        if row["state"] != ApplicationState.STARTED.value or row["grants"] or row["links"]:
            found.append(f"refused, and yet {dict(row)}")
    legal = Counter(row["state"] for row in rows.values())
    unknown = set(legal) - {ApplicationState.STARTED.value, ApplicationState.FULFILLED.value}
    if unknown:
        found.append(f"states {legal}")
    return found[:10]


def _of_books(town: Town, names: list[str], orders: dict[UUID, Any], receipts: int) -> list[str]:
    """The provider's book, read from its own database, against our orders and what our ledger says was granted."""
    with psycopg.connect(town.cluster.url(PROVIDER_DATABASE), row_factory=dict_row) as connection:
        book = connection.execute("SELECT * FROM grants_book WHERE policy_id = ANY(%s)", (names,)).fetchall()
    ours = Counter((order.id, order.policy_id, order.amount, order.transaction_no) for order in orders.values())
    theirs = Counter((row["order_id"], row["policy_id"], row["amount"], row["transaction_no"]) for row in book)
    found = []
    if ours != theirs:
        found.append(f"books differ: only ours {list(ours - theirs)[:3]}, only theirs {list(theirs - ours)[:3]}")
    if len(book) != receipts:
        found.append(f"{len(book)} grants at the provider for {receipts} receipts")
    twice = [account for account, count in Counter(row["account"] for row in book).items() if count > 1]
    if twice:
        found.append(f"{len(twice)} accounts were granted twice")
    with db.reading() as session:
        granted = session.execute(
            text(
                "SELECT coalesce(sum(amount), 0) FROM ledger_entries WHERE event = 'grant_ok' AND policy_id = ANY(:n)"
            ),
            {"n": names},
        ).scalar_one()
    if granted != sum(row["amount"] for row in book):
        found.append(f"our ledger granted {granted}, the provider {sum(row['amount'] for row in book)}")
    return found
