"""The statements of one application, taken from the server's own log, and sent again by pgbench.

What the service sends for one press of the button is recorded with ``log_statement``: session, locks, savepoints,
commits and all. From that a pgbench script is made in which every value that belongs to one application (its ids, its
receipt number, the keyed values) is computed from a running number, so that pgbench does the same work to other rows.
"""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from app.embedded_postgres import EmbeddedPostgres
from bench.apply.copies import byte_value, uuid_value
from bench.apply.residents import Resident
from bench.apply.town import DATABASE, HOT_POLICY

PREFIX = "@@%a@ "
_ENTRY = re.compile(r"^@@todoke-web@ (\w+):  (.*)$")
_EXECUTED = re.compile(r"^(?:statement|execute [^:]*): (.*)$", re.DOTALL)
_PARAMETER = re.compile(r"\$(\d+) = (NULL|'(?:[^']|'')*')")
_UUID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
_BYTES = re.compile("[0-9a-f]{64}")
FIRST_MADE = 5
"""The first number of ids that the service makes itself; those below belong to the draft (see ``copies``)."""


@dataclass(frozen=True)
class Recorded:
    """The statements of one application, with the values as they were."""

    statements: tuple[tuple[str, dict[int, str | None]], ...]
    resident: Resident
    receipt_no: str
    id_index: str
    token_hash: str
    fingerprint: str

    @property
    def count(self) -> int:
        return len(self.statements)


def record(cluster: EmbeddedPostgres, resident: Resident, press: Callable[[bytes], int]) -> Recorded:
    """Press the button once with the server's log on. No other request may run meanwhile."""
    with _logging(cluster):
        before = cluster.log.stat().st_size
        assert press(resident.request) == 303
        time.sleep(0.2)  # until the log is written
        with cluster.log.open("rb") as log:
            log.seek(before)
            text = log.read().decode("utf-8")
    with psycopg.connect(cluster.url(DATABASE)) as connection:
        row = connection.execute(
            "SELECT a.receipt_no, encode(l.id_index, 'hex'), encode(w.token_hash, 'hex'), encode(a.fingerprint, 'hex')"
            " FROM applications a JOIN payment_links l ON l.application_id = a.id"
            " JOIN web_sessions w ON w.person_id = a.applicant_id WHERE a.id = %s",
            (resident.application_id,),
        ).fetchone()
    assert row is not None
    return Recorded(tuple(_parsed(text)), resident, *row)


@contextmanager
def _logging(cluster: EmbeddedPostgres) -> Iterator[None]:
    settings = {"log_line_prefix": PREFIX, "log_statement": "all"}
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as connection:
        for name, value in settings.items():
            connection.execute(f"ALTER SYSTEM SET {name} = '{value}'".encode())
        connection.execute("SELECT pg_reload_conf()")
        time.sleep(0.5)  # until every connection of the service has seen it
        yield
        for name in settings:
            connection.execute(f"ALTER SYSTEM RESET {name}".encode())
        connection.execute("SELECT pg_reload_conf()")


def _parsed(log: str) -> Iterator[tuple[str, dict[int, str | None]]]:
    entries: list[list[str]] = []
    for line in log.split("\n"):
        if line.startswith("@@"):
            found = _ENTRY.match(line)
            entries.append([found[1], found[2]] if found else ["OTHER", ""])
        elif entries and line.startswith("\t"):
            entries[-1][1] += "\n" + line[1:]
    for number, (kind, text) in enumerate(entries):
        executed = _EXECUTED.match(text) if kind == "LOG" else None
        if executed is None:
            continue
        parameters: dict[int, str | None] = {}
        if number + 1 < len(entries) and entries[number + 1][0] == "DETAIL":
            for place, value in _PARAMETER.findall(entries[number + 1][1]):
                parameters[int(place)] = None if value == "NULL" else value[1:-1].replace("''", "'")
        yield executed[1], parameters


def script(recorded: Recorded, policy: str) -> str:
    """The pgbench script; ``policy`` is the SQL expression for the policy of the application number ``:n``."""
    made: dict[str, str] = {}
    resident = recorded.resident
    known = {
        resident.policy_id: policy,
        str(resident.person_id): uuid_value(1, ":n"),
        str(resident.facts_id): uuid_value(2, ":n"),
        str(resident.evidence_id): uuid_value(3, ":n"),
        str(resident.application_id): uuid_value(4, ":n"),
        recorded.receipt_no: "('B' || lpad((:n)::text, 10, '0'))",
        recorded.id_index: byte_value(":n"),
        recorded.token_hash: byte_value(":n"),
        recorded.fingerprint: byte_value(":n"),
    }
    for _, parameters in recorded.statements:
        for value in parameters.values():
            for found in _UUID.findall(value or ""):
                if found not in known:
                    made.setdefault(found, uuid_value(FIRST_MADE + len(made), ":n"))
    known |= made
    lines = ["\\set i :i + 1", "\\set n :base + :client_id * :each + :i"]
    for statement, parameters in recorded.statements:
        sql = re.sub(r"\$(\d+)", lambda found: _literal(parameters[int(found[1])], known), statement)  # noqa: B023
        lines.append(" ".join(sql.split("\n")).rstrip("; ") + ";")
    return "\n".join(lines) + "\n"


def _literal(value: str | None, known: dict[str, str]) -> str:
    if value is None:
        return "NULL"
    bare = value.removeprefix("\\x")
    if bare in known:
        kind = "uuid" if _UUID.fullmatch(bare) else ("bytea" if value != bare else "text")
        return f"({known[bare]})::{kind}"
    parts = re.split("(" + "|".join(re.escape(token) for token in known) + ")", value)
    pieces = [_as_text(part, known[part]) if part in known else _quoted(part) for part in parts if part]
    if len(pieces) <= 1:
        return _quoted(value)
    return f"({' || '.join(pieces)})" + ("::jsonb" if _is_json(value) else "")


def _as_text(token: str, expression: str) -> str:
    """What stands for a token inside a longer value; of bytes, which come after their mark, the digits alone."""
    return f"encode({expression}, 'hex')" if _BYTES.fullmatch(token) else f"({expression})::text"


def _is_json(value: str) -> bool:
    try:
        return isinstance(json.loads(value), dict)
    except ValueError:
        return False


def _quoted(text: str) -> str:
    """A colon before a letter would be a variable to pgbench."""
    return "E'" + text.replace("\\", "\\\\").replace("'", "''").replace(":", "\\x3A") + "'"


@dataclass(frozen=True)
class Sent:
    """What a run of pgbench came to."""

    per_second: float
    milliseconds: float


def send(cluster: EmbeddedPostgres, path: Path, *, base: int, clients: int, each: int) -> Sent:
    """Run the script for ``clients * each`` applications, numbered from ``base``."""
    command = [*cluster.program("pgbench"), "-n", "-M", "prepared", "-c", str(clients), "-j", "2", "-t", str(each)]
    command += ["-D", f"base={base}", "-D", f"each={each}", "-D", "i=0", "-f", str(path), cluster.url(DATABASE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    processed = re.search(r"actually processed: (\d+)/(\d+)", done.stdout)
    rate = re.search(r"tps = ([0-9.]+)", done.stdout)
    latency = re.search(r"latency average = ([0-9.]+) ms", done.stdout)
    if done.returncode or not processed or processed[1] != processed[2] or not rate or not latency:
        raise RuntimeError(f"pgbench failed: {done.stderr[-1500:]}\n{done.stdout[-500:]}")
    return Sent(float(rate[1]), float(latency[1]))


def spread_policy(count: int) -> str:
    """The SQL expression for the policy of application ``:n`` when they are spread."""
    return f"('B-' || lpad(((:n) % {count})::text, 3, '0'))"


def hot_policy() -> str:
    """The same when all go to one."""
    return f"('{HOT_POLICY}')"
