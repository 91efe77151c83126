"""The provider's own books: orders received, grants carried out, security codes. Its own database, plain SQL."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool

from app.provider_simulator.services import SERVICES, account_of

_SCHEMA = """
CREATE TABLE IF NOT EXISTS received_orders (
    order_id uuid PRIMARY KEY,
    provider_id text NOT NULL,
    service_id text,
    account text,
    amount bigint CHECK (amount > 0),
    policy_id text,
    state text NOT NULL CHECK (state IN ('accepted', 'succeeded', 'failed', 'closed')),
    transaction_no text,
    reason text,
    received_at timestamptz NOT NULL,
    ready_at timestamptz,
    CHECK ((state = 'closed') = (service_id IS NULL))
);
CREATE TABLE IF NOT EXISTS grants_book (
    transaction_no text PRIMARY KEY,
    order_id uuid NOT NULL UNIQUE REFERENCES received_orders,
    provider_id text NOT NULL,
    service_id text NOT NULL,
    account text NOT NULL,
    amount bigint NOT NULL CHECK (amount > 0),
    policy_id text NOT NULL,
    executed_at timestamptz NOT NULL
);
CREATE INDEX IF NOT EXISTS ix_grants_book_account ON grants_book (service_id, account);
CREATE INDEX IF NOT EXISTS ix_grants_book_executed_at ON grants_book (executed_at);
ALTER TABLE received_orders ADD COLUMN IF NOT EXISTS decision text;
ALTER TABLE received_orders ADD COLUMN IF NOT EXISTS to_tell boolean NOT NULL DEFAULT false;
CREATE INDEX IF NOT EXISTS ix_received_orders_to_tell ON received_orders (received_at) WHERE to_tell;
CREATE TABLE IF NOT EXISTS grant_files (
    provider_id text NOT NULL,
    sequence_no bigint NOT NULL,
    digest bytea NOT NULL,
    order_ids uuid[] NOT NULL,
    PRIMARY KEY (provider_id, sequence_no)
);
CREATE TABLE IF NOT EXISTS result_files (
    provider_id text NOT NULL,
    sequence_no bigint NOT NULL,
    content bytea NOT NULL,
    PRIMARY KEY (provider_id, sequence_no)
);
CREATE TABLE IF NOT EXISTS security_codes (
    service_id text NOT NULL,
    account text NOT NULL,
    code text NOT NULL,
    valid_until timestamptz,
    PRIMARY KEY (service_id, account)
);
"""
_SCHEMA_LOCK = 7_340_001
BOOK_PAGE = 100
SETTLED_AT_ONCE = 1_000
_SAID = ("order_id", "provider_id", "service_id", "account", "amount", "policy_id")
Row = dict[str, Any]


class OrderConflict(Exception):
    """The order id was used before with another content."""


class OrderOfOther(Exception):
    """The order id belongs to another provider."""


@dataclass(frozen=True)
class Instruction:
    """One grant order as received; ``amount`` in whole points."""

    order_id: UUID
    provider_id: str
    service_id: str
    account: str = field(repr=False)
    amount: int
    policy_id: str


@dataclass(frozen=True)
class OrderState:
    """What the provider answers about an order."""

    state: str
    transaction_no: str | None
    reason: str | None


@dataclass(frozen=True)
class SecurityCode:
    """The current security code of an account; ``valid_until`` is None for a code printed on a card."""

    code: str = field(repr=False)
    valid_until: datetime | None


class Store:
    """All reads and writes; each method is one transaction."""

    def __init__(self, database_url: str, now: Callable[[], datetime]) -> None:
        self._now = now
        self._pool: ConnectionPool[psycopg.Connection[Row]] = ConnectionPool(
            database_url,
            min_size=1,
            max_size=16,
            kwargs={"row_factory": dict_row, "application_name": "todoke-provider-simulator"},
            # After its database was restarted, the first call on each old connection would fail.
            check=ConnectionPool.check_connection,
            open=True,
        )
        with self._pool.connection() as connection:
            # Two processes may start at once, and IF NOT EXISTS alone is not safe against that.
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (_SCHEMA_LOCK,))
            connection.execute(_SCHEMA)

    def close(self) -> None:
        """Give the connections back."""
        self._pool.close()

    @property
    def pool(self) -> ConnectionPool[psycopg.Connection[Row]]:
        """The connections, for the parts of the provider that keep books of their own."""
        return self._pool

    def receive(self, instruction: Instruction, decision: str | None = None) -> OrderState:
        """Take an order in once; the same again gives its present state. Raises the two conflicts.

        ``decision`` is the reason for which the provider will refuse it, whatever the account holds.
        """
        return self.receive_all([instruction], decision)[instruction.order_id]

    def receive_all(self, instructions: Sequence[Instruction], decision: str | None = None) -> dict[UUID, OrderState]:
        """The same for many orders at once, all or none; their states by order id."""
        now = self._now()
        with self._pool.connection() as connection:
            connection.execute(
                "INSERT INTO received_orders"
                " (order_id, provider_id, service_id, account, amount, policy_id, state, received_at, ready_at,"
                " decision, to_tell) SELECT o.order_id, o.provider_id, o.service_id, o.account, o.amount, o.policy_id,"
                " 'accepted', %(now)s, o.ready_at, %(decision)s, o.ready_at > %(now)s FROM unnest(%(order_id)s::uuid[],"
                " %(provider_id)s::text[], %(service_id)s::text[], %(account)s::text[], %(amount)s::bigint[],"
                " %(policy_id)s::text[], %(ready_at)s::timestamptz[])"
                " AS o (order_id, provider_id, service_id, account, amount, policy_id, ready_at)"
                " ON CONFLICT (order_id) DO NOTHING",
                {
                    "now": now,
                    "decision": decision,
                    "ready_at": [now + SERVICES[instruction.service_id].lead for instruction in instructions],
                    **{name: [getattr(instruction, name) for instruction in instructions] for name in _SAID},
                },
            )
            rows = self._locked_all(connection, {instruction.order_id for instruction in instructions})
            for instruction in instructions:
                _check_is_the_same(rows[instruction.order_id], instruction)
            return self._settled_all(connection, list(rows.values()))

    def state_of(self, order_id: UUID, provider_id: str) -> OrderState | None:
        """What became of an order, None when it was never received. Raises ``OrderOfOther``."""
        with self._pool.connection() as connection:
            row = self._locked(connection, order_id, provider_id)
            return self._settled(connection, row) if row else None

    def rule_out(self, order_id: UUID, provider_id: str) -> OrderState:
        """Promise never to carry out this order unless it was received before. Raises ``OrderOfOther``."""
        with self._pool.connection() as connection:
            connection.execute(
                "INSERT INTO received_orders (order_id, provider_id, state, received_at) VALUES (%s, %s, 'closed', %s)"
                " ON CONFLICT (order_id) DO NOTHING",
                (order_id, provider_id, self._now()),
            )
            row = self._locked(connection, order_id, provider_id)
            assert row is not None
            return self._settled(connection, row)

    def current_code(self, service_id: str, account: str) -> SecurityCode:
        """The account's security code; a new one when there is none or the last has expired."""
        now = self._now()
        lifetime = SERVICES[service_id].code_lifetime
        with self._pool.connection() as connection:
            row = connection.execute(
                "INSERT INTO security_codes AS c (service_id, account, code, valid_until) VALUES (%s, %s, %s, %s)"
                " ON CONFLICT (service_id, account) DO UPDATE SET"
                " code = CASE WHEN c.valid_until <= %s THEN excluded.code ELSE c.code END,"
                " valid_until = CASE WHEN c.valid_until <= %s THEN excluded.valid_until ELSE c.valid_until END"
                " RETURNING code, valid_until",
                (
                    service_id,
                    account,
                    SERVICES[service_id].new_code(),
                    now + lifetime if lifetime else None,
                    now,
                    now,
                ),
            ).fetchone()
        assert row is not None
        return SecurityCode(row["code"], row["valid_until"])

    def code_is_right(self, service_id: str, account: str, code: str) -> bool:
        """True for the account's code while it lives; using it does not end it."""
        with self._pool.connection() as connection:
            row = connection.execute(
                "SELECT code FROM security_codes"
                " WHERE service_id = %s AND account = %s AND (valid_until IS NULL OR valid_until > %s)",
                (service_id, account, self._now()),
            ).fetchone()
        return row is not None and secrets.compare_digest(row["code"].encode(), code.encode("utf-8", "replace"))

    def has_room(self, service_id: str, account: str, amount: int) -> bool:
        """Whether the account's balance could take so many points now; in this book nobody spends any."""
        cap = SERVICES[service_id].balance_cap
        if cap is None:
            return True
        with self._pool.connection() as connection:
            held = connection.execute(
                "SELECT coalesce(sum(amount), 0)::bigint AS points FROM grants_book"
                " WHERE service_id = %s AND account = %s",
                (service_id, account),
            ).fetchone()
        assert held is not None
        return int(held["points"]) + amount <= cap

    def settle_due(self, order_ids: Sequence[UUID] | None = None) -> None:
        """An accepted order becomes a grant when its time has come, whether or not somebody asks about it.

        All of ``order_ids``, or of the others as many as one round takes.
        """
        with self._pool.connection() as connection:
            due = connection.execute(
                "SELECT * FROM received_orders WHERE state = 'accepted' AND ready_at <= %(now)s"
                " AND (%(ids)s::uuid[] IS NULL OR order_id = ANY(%(ids)s))"
                " ORDER BY ready_at, order_id LIMIT %(limit)s FOR UPDATE SKIP LOCKED",
                {"now": self._now(), "ids": order_ids, "limit": None if order_ids else SETTLED_AT_ONCE},
            ).fetchall()
            self._settled_all(connection, due)

    def book(self, order_id: UUID | None = None) -> list[Row]:
        """Grants carried out, newest first; of one order or the last hundred."""
        self.settle_due()
        with self._pool.connection() as connection:
            return connection.execute(
                "SELECT * FROM grants_book WHERE %(order)s::uuid IS NULL OR order_id = %(order)s"
                " ORDER BY executed_at DESC, transaction_no LIMIT %(limit)s",
                {"order": order_id, "limit": BOOK_PAGE},
            ).fetchall()

    def _locked(self, connection: psycopg.Connection[Row], order_id: UUID, provider_id: str) -> Row | None:
        row = self._locked_all(connection, {order_id}).get(order_id)
        if row is not None and row["provider_id"] != provider_id:
            raise OrderOfOther
        return row

    @staticmethod
    def _locked_all(connection: psycopg.Connection[Row], order_ids: set[UUID]) -> dict[UUID, Row]:
        rows = connection.execute(
            "SELECT * FROM received_orders WHERE order_id = ANY(%s) ORDER BY order_id FOR UPDATE", (list(order_ids),)
        )
        return {row["order_id"]: row for row in rows}

    def _settled(self, connection: psycopg.Connection[Row], row: Row) -> OrderState:
        return self._settled_all(connection, [row])[row["order_id"]]

    def _settled_all(self, connection: psycopg.Connection[Row], rows: Sequence[Row]) -> dict[UUID, OrderState]:
        """The states of locked orders, each carried out first if its time has come, in this order."""
        now = self._now()
        due = [row for row in rows if row["state"] == "accepted" and row["ready_at"] <= now]
        held = self._held(connection, due)
        for row in due:
            row["reason"] = _obstacle(row, held)
            row["state"] = "failed" if row["reason"] else "succeeded"
            row["transaction_no"] = None if row["reason"] else _new_transaction_no(row["service_id"])
        done = [row for row in due if row["state"] == "succeeded"]
        if done:
            connection.execute(
                "INSERT INTO grants_book"
                " (transaction_no, order_id, provider_id, service_id, account, amount, policy_id, executed_at)"
                " SELECT d.transaction_no, o.order_id, o.provider_id, o.service_id, o.account, o.amount, o.policy_id,"
                " %s FROM unnest(%s::uuid[], %s::text[]) AS d (order_id, transaction_no)"
                " JOIN received_orders o USING (order_id)",
                (now, [row["order_id"] for row in done], [row["transaction_no"] for row in done]),
            )
        if due:
            connection.execute(
                "UPDATE received_orders o SET state = d.state, transaction_no = d.transaction_no, reason = d.reason"
                " FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::text[])"
                " AS d (order_id, state, transaction_no, reason) WHERE o.order_id = d.order_id",
                [[row[name] for row in due] for name in ("order_id", "state", "transaction_no", "reason")],
            )
        return {row["order_id"]: OrderState(row["state"], row["transaction_no"], row["reason"]) for row in rows}

    @staticmethod
    def _held(connection: psycopg.Connection[Row], due: Sequence[Row]) -> dict[tuple[str, str], int]:
        """What the accounts of services with a cap hold, by service and account, unchangeable until the end.

        Two orders for one account must not both see room under the cap.
        """
        capped = {(row["service_id"], row["account"]) for row in due if SERVICES[row["service_id"]].balance_cap}
        if not capped:
            return {}
        services, accounts = zip(*sorted(capped), strict=True)
        connection.execute(
            "SELECT pg_advisory_xact_lock(k.key) FROM"
            " (SELECT DISTINCT hashtextextended(s || '/' || a, 0) AS key"
            " FROM unnest(%s::text[], %s::text[]) AS w (s, a) ORDER BY key) k",
            (list(services), list(accounts)),
        )
        rows = connection.execute(
            "SELECT b.service_id, b.account, sum(b.amount)::bigint AS points FROM grants_book b"
            " JOIN unnest(%s::text[], %s::text[]) AS w (service_id, account) USING (service_id, account)"
            " GROUP BY b.service_id, b.account",
            (list(services), list(accounts)),
        )
        return {(row["service_id"], row["account"]): row["points"] for row in rows}


def _obstacle(row: Row, held: dict[tuple[str, str], int]) -> str | None:
    """Why this order can't be carried out; what is carried out is added to what its account holds."""
    of = row["service_id"], row["account"]
    fails: str | None = row["decision"] or account_of(*of).grant_fails
    cap = SERVICES[row["service_id"]].balance_cap
    if fails or cap is None:
        return fails
    after = held.get(of, 0) + row["amount"]
    if after > cap:
        return "balance_cap"
    held[of] = after
    return None


def _check_is_the_same(row: Row, instruction: Instruction) -> None:
    if row["provider_id"] != instruction.provider_id:
        raise OrderOfOther
    if row["state"] != "closed" and any(row[name] != getattr(instruction, name) for name in _SAID):
        raise OrderConflict


def _new_transaction_no(service_id: str) -> str:
    return f"{service_id}-{secrets.token_hex(6).upper()}"
