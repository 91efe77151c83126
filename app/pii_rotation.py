"""Rotating the encryption keys: which values lie under which key, and bringing them under the current one.

Only the wrapping of each value's own data key changes; the value itself is not decrypted. Any number of processes go on
reading and writing meanwhile, because every process knows all keys of the file.
"""

from __future__ import annotations

from collections import Counter

from sqlalchemy import text
from sqlalchemy.orm import Session

from app import db
from app.pii import vault

BATCH = 500
BATCHES = {"documents": 10}
"""Where one value is a whole picture, so many at a time."""

# Table: the columns that make the name of a value's place (``table.column:id``), and whether its rows may change.
# Rows of recipient lists are written once: their key stays until the list is replaced and its old version is gone.
PLACES: dict[str, tuple[tuple[str, ...], bool]] = {
    "applications": (("id",), True),
    "birth_records": (("id",), True),
    "contacts": (("person_id",), True),
    "counter_sessions": (("id",), True),
    "documents": (("id",), True),
    "inquiries": (("id",), True),
    "list_rows": (("version_id", "row_no"), False),
    "payment_links": (("id",), True),
    "person_facts": (("id",), True),
    "return_cases": (("id",), True),
    "return_steps": (("id",), True),
    "rulings": (("id",), True),
    "staff_accounts": (("staff_id",), True),
}
COLUMNS: dict[str, tuple[str, ...]] = {
    "applications": ("draft_account_enc",),
    "birth_records": ("births_enc",),
    "contacts": ("address_enc",),
    "counter_sessions": ("chosen_account_enc",),
    "documents": ("content_enc",),
    "inquiries": ("question_enc", "answer_enc"),
    "list_rows": ("content_enc",),
    "payment_links": ("account_enc",),
    "person_facts": ("name_enc", "address_enc", "birth_date_enc", "sex_enc"),
    "return_cases": ("reason_enc",),
    "return_steps": ("text_enc",),
    "rulings": ("reason_enc", "objected_enc"),
    "staff_accounts": ("totp_secret_enc",),
}
_KEY_ID = "convert_from(substring({column} FROM 3 FOR get_byte({column}, 1)), 'UTF8')"


def values_by_key() -> dict[str, Counter[str]]:
    """For each key id, how many values of which column it wraps."""
    found: dict[str, Counter[str]] = {}
    with db.reading() as session:
        for table, columns in COLUMNS.items():
            for column in columns:
                key = _KEY_ID.format(column=column)
                query = f"SELECT {key}, count(*) FROM {table} WHERE octet_length({column}) > 2 GROUP BY 1"  # noqa: S608  # constants
                for key_id, count in session.execute(text(query)):
                    found.setdefault(key_id, Counter())[f"{table}.{column}"] = count
    return found


def rewrap_all() -> int:
    """Bring every value that may change under the current key, in small transactions; returns how many.

    It can be stopped and started again at any time. A value that can't be unwrapped raises ``PiiError`` and stays.
    """
    total = 0
    for table, (_, may_change) in PLACES.items():
        for column in COLUMNS[table] if may_change else ():
            while True:
                with db.transaction() as session:
                    done = _rewrap_some(session, table, column)
                total += done
                if done < BATCHES.get(table, BATCH):
                    break
    return total


def _rewrap_some(session: Session, table: str, column: str) -> int:
    keys, _ = PLACES[table]
    names = ", ".join(keys)
    query = (
        f"SELECT {names}, {column} FROM {table} WHERE octet_length({column}) > 2"  # noqa: S608  # names of the table above
        f" AND {_KEY_ID.format(column=column)} <> :current LIMIT {BATCHES.get(table, BATCH)} FOR UPDATE SKIP LOCKED"
    )
    rows = session.execute(text(query), {"current": vault().current_key_id}).all()
    where = " AND ".join(f"{name} = :{name}" for name in keys)
    change = text(f"UPDATE {table} SET {column} = :value WHERE {where}")  # noqa: S608  # names of the table above
    for *ids, stored in rows:
        place = f"{table}.{column.removesuffix('_enc')}:{':'.join(str(each) for each in ids)}"
        value = vault().rewrap(bytes(stored), place)
        session.execute(change, {"value": value, **dict(zip(keys, ids, strict=True))})
    return len(rows)
