"""Copies of one resident's rows under running numbers, made by the database itself, for pgbench and for growth."""

from __future__ import annotations

from typing import Any

import psycopg

from bench.apply.residents import Resident

Overrides = dict[str, str]
_NUMBERED = "0000000{kind}-0000-7000-8000-"


def uuid_value(kind: int, number: str) -> str:
    """SQL for the id of one kind (1 person, 2 facts, 3 evidence, 4 application, ...) and number."""
    return f"('{_NUMBERED.format(kind=kind)}' || lpad(({number})::text, 12, '0'))::uuid"


def byte_value(number: str) -> str:
    """SQL for 32 bytes that stand for a keyed value."""
    return f"decode(lpad(({number})::text, 64, '0'), 'hex')"


def drafts(connection: psycopg.Connection[Any], one: Resident, policy: str, first: int, count: int) -> None:
    """Copies of a resident who has not sent yet, numbered from ``first``; ``policy`` is SQL over ``:n``."""
    number = "n"
    policy = policy.replace(":n", number)
    person, facts, evidence, application = (uuid_value(kind, number) for kind in (1, 2, 3, 4))
    keyed = byte_value(number)
    copies: list[tuple[str, str, Overrides]] = [
        ("persons", f"id = '{one.person_id}'", {"id": person}),
        (
            "person_facts",
            f"id = '{one.facts_id}'",
            {"id": facts, "person_id": person, "fingerprint": keyed},
        ),
        (
            "evidence",
            f"id = '{one.evidence_id}'",
            {"id": evidence, "person_id": person, "facts_id": facts, "card_session_id": evidence},
        ),
        (
            "applications",
            f"id = '{one.application_id}'",
            {
                "id": application,
                "policy_id": policy,
                "applicant_id": person,
                "beneficiary_id": person,
                "evidence_id": evidence,
                "fingerprint": keyed,
            },
        ),
        (
            "web_sessions",
            f"person_id = '{one.person_id}'",
            {"token_hash": keyed, "person_id": person},
        ),
    ]
    for table, where, overrides in copies:
        copy_rows(connection, table, where, overrides, first, count)


def copy_rows(  # noqa: PLR0917  # one parameter for each part of the statement
    connection: psycopg.Connection[Any], table: str, where: str, overrides: Overrides, first: int, count: int
) -> None:
    """Insert ``count`` copies of the rows that ``where`` finds, the named columns computed from ``n``."""
    columns = [
        str(name)
        for (name,) in connection.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_name = %s AND table_schema = 'public'"
            " AND is_identity = 'NO' AND is_generated = 'NEVER'"
            " AND (column_default IS NULL OR column_default NOT LIKE 'nextval%%') ORDER BY ordinal_position",
            (table,),
        )
    ]
    values = ", ".join(overrides.get(column, f"t.{column}") for column in columns)
    statement = (
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM {table} t,"
        f" generate_series({first}::bigint, {first + count - 1}::bigint) n WHERE t.{where}"
    )
    connection.execute(statement.encode())
