"""The whole database as pg_dump writes it, and a search for somebody in it."""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Iterable
from uuid import UUID

import psycopg

from app.embedded_postgres import program_path
from app.people.names import fold_for_fingerprint

TEXT = ("application_id", "beneficiary_id", "applicant_id", "person_id", "case_id")


def dump(database_url: str) -> bytes:
    """Every row of every table, in plain SQL."""
    command = [str(program_path("pg_dump")), "--data-only", "--inserts", database_url]
    return subprocess.run(command, capture_output=True, check=True, timeout=120).stdout


def forms_of(values: Iterable[str]) -> dict[str, bytes]:
    """Every way in which a value may lie in a table: as it is, folded, without spaces, and each as hex and base64."""
    forms: dict[str, bytes] = {}
    for value in values:
        variants = {value, fold_for_fingerprint(value), "".join(value.split()), value.replace("-", "")}
        if len(value) == 8 and value.isdigit():
            variants |= {f"{value[:4]}-{value[4:6]}-{value[6:]}", f"{int(value[4:6])}月{int(value[6:])}日"}
        for variant in variants:
            for encoding in ("utf-8", "cp932", "utf-16-le"):
                try:
                    plain = variant.encode(encoding)
                except UnicodeEncodeError:
                    continue
                forms[f"{variant} in {encoding}"] = plain
                forms[f"{variant} in {encoding}, hex"] = plain.hex().encode()
                forms[f"{variant} in {encoding}, base64"] = base64.b64encode(plain).rstrip(b"=")[:-1]
    return {name: form for name, form in forms.items() if len(form) >= 6}


def found_in(dumped: bytes, forms: dict[str, bytes]) -> list[str]:
    """The forms that are in the dump."""
    lowered = dumped.lower()
    return [name for name, form in forms.items() if form in dumped or form.lower() in lowered]


def ciphertexts_of(database_url: str, person_id: UUID) -> dict[str, bytes]:
    """Every encrypted or keyed value in rows that name the person or one of the person's applications, as hex."""
    values: dict[str, bytes] = {}
    with psycopg.connect(database_url) as connection:
        own = [
            row[0] for row in connection.execute("SELECT id FROM applications WHERE beneficiary_id = %s", (person_id,))
        ]
        named = "SELECT id FROM return_cases WHERE application_id = ANY(%s)"
        own += [row[0] for row in connection.execute(named, (own,))]
        columns = connection.execute(
            "SELECT c.table_name, c.column_name, array_agg(k.column_name::text) FROM information_schema.columns c"
            " JOIN information_schema.columns k ON k.table_name = c.table_name AND k.column_name = ANY(%s)"
            " WHERE c.data_type = 'bytea' AND c.table_schema = 'public' GROUP BY 1, 2",
            (list(TEXT),),
        ).fetchall()
        for table, column, keys in columns:
            where = " OR ".join(f"{key} = ANY(%(ids)s)" for key in keys)
            rows = connection.execute(
                f"SELECT {column} FROM {table} WHERE {where}".encode(), {"ids": [person_id, *own]}
            ).fetchall()
            for number, (value,) in enumerate(rows):
                if value:
                    values[f"{table}.{column} {number}"] = bytes(value).hex().encode()
    return values
