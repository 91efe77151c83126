"""Writing one version of a list by COPY, in batches, and asking the database what the new rows change.

A trial (dry run) goes to a temporary table without content and tokens: nothing personal is written at all.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, NamedTuple
from uuid import UUID

import psycopg

from app.lists.layout import Row
from app.lists.tokens import TokenKey, fold_town
from app.people.names import fold_kana, keys_of
from app.pii import Private, vault

BATCH_ROWS = 10_000
SHOWN = 100
"""So many row numbers are named for each kind of difference; the counts are of all."""

Connection = psycopg.Connection[Any]


def content_context(version_id: int, row_no: int) -> str:
    """What a stored row's ciphertext is bound to."""
    return f"list_rows.content:{version_id}:{row_no}"


class Marks(NamedTuple):
    """The keyed numbers of a row: which row it is, of which person, whether anything differs; and what finds it.

    ``tokens`` have the detail that makes a match a strong one, or ``None``.
    """

    identity: int
    person: int
    digest: int
    tokens: dict[int, int | None]


def marks_of(key: TokenKey, row: Row) -> Marks:
    """All keyed numbers of a row."""
    birth, code = row.birth_date, row.municipality_code
    names = keys_of(row.name)
    town = fold_town(row.town) if row.town else ""
    place = key.town(code, town)
    tokens: dict[int, int | None] = {}
    if names.weak != names.strong:
        for weak in names.weak:
            if weak and weak not in names.strong:
                tokens[key.weak_name(weak, birth)] = None
    name = 0
    for strong in reversed(names.strong):  # the legal name last: it is who the row is
        name = key.name(strong, birth)
        tokens[name] = place if town else None
    # Numbers under a key: combining them says no more than they do.
    person = name ^ place
    kana = fold_kana(row.name_kana) if row.name_kana else ""
    if kana:
        by_kana = key.kana(kana, birth)
        tokens[by_kana] = key.municipality(code)
        person ^= by_kana
    identity = person
    if row.control_no:
        identity = key.control_no(row.control_no)
        tokens[identity] = key.birth(birth)
    return Marks(identity, person, key.token("content", row.content), tokens)


@dataclass(frozen=True, slots=True)
class Difference:
    """How many rows, and the numbers of the first of them: in the new file, for removed ones in the old."""

    count: int
    rows: tuple[int, ...]


class Store(ABC):
    """Where the rows of one load go, and what can be asked about them there."""

    table: str

    def __init__(self, connection: Connection, key: TokenKey, version_id: int) -> None:
        self._connection, self._key, self._version_id = connection, key, version_id

    @abstractmethod
    def write(self, rows: list[Row]) -> None:
        """Copy one batch."""

    def twice_in_file(self, limit: int) -> list[tuple[int, int]]:
        """Pairs of rows that are the same one (E604), the earlier first."""
        query = (
            f"SELECT first, row_no FROM (SELECT identity, min(row_no) AS first FROM {self.table}"  # noqa: S608  # a table's name
            " WHERE version_id = %(new)s GROUP BY identity HAVING count(*) > 1) AS twice"
            f" JOIN {self.table} USING (identity) WHERE version_id = %(new)s AND first < row_no"
            " ORDER BY row_no LIMIT %(limit)s"
        )
        found = self._connection.execute(query, {"new": self._version_id, "limit": limit})
        return [(int(first), int(second)) for first, second in found]

    def alike_in_file(self) -> Difference:
        """Rows under other control numbers that say the same of a person; matched to nobody by itself (E205)."""
        return self._difference(
            f"SELECT row_no FROM {self.table} WHERE version_id = %(new)s AND person IN (SELECT person"  # noqa: S608  # a table's name
            f" FROM {self.table} WHERE version_id = %(new)s GROUP BY person HAVING count(*) > 1)"
        )

    def marked_in_file(self) -> Difference:
        """Rows whose name holds ■ 〓 ? where a character was lost (BR-70)."""
        return self._difference(f"SELECT row_no FROM {self.table} WHERE version_id = %(new)s AND marked")  # noqa: S608  # a table's name

    def differences(self, old: int | None) -> dict[str, Difference]:
        """What the new rows add, change and remove against the version ``old`` (BR-72)."""
        if old is None:
            nothing = Difference(0, ())
            added = self._difference(f"SELECT row_no FROM {self.table} WHERE version_id = %(new)s")  # noqa: S608  # a table's name
            return {"added": added, "changed": nothing, "removed": nothing}
        self._connection.execute(
            "CREATE TEMPORARY TABLE list_differences ON COMMIT DROP AS"  # noqa: S608  # two names of tables
            f" WITH n AS (SELECT row_no, identity, digest FROM {self.table} WHERE version_id = %(new)s),"
            " o AS (SELECT row_no, identity, digest FROM list_rows WHERE version_id = %(old)s)"
            " SELECT coalesce(n.row_no, o.row_no) AS row_no, CASE WHEN o.identity IS NULL THEN 'added'"
            " WHEN n.identity IS NULL THEN 'removed' ELSE 'changed' END AS kind"
            " FROM n FULL JOIN o ON o.identity = n.identity WHERE o.digest IS DISTINCT FROM n.digest",
            {"new": self._version_id, "old": old},
        )
        kinds = ("added", "changed", "removed")
        return {
            kind: self._difference(f"SELECT row_no FROM list_differences WHERE kind = '{kind}'")  # noqa: S608  # a kind of ours
            for kind in kinds
        }

    def claims_of_removed(self, old: int, list_id: str) -> list[tuple[str, UUID]]:
        """Applications (policy, id) that were matched to a row which the new version no longer has."""
        query = (
            "SELECT c.policy_id, c.application_id FROM list_claims AS c WHERE c.list_id = %(list)s AND EXISTS"  # noqa: S608  # a table's name
            " (SELECT FROM list_rows AS o WHERE o.version_id = %(old)s AND o.identity = c.identity) AND NOT EXISTS"
            f" (SELECT FROM {self.table} AS n WHERE n.version_id = %(new)s AND n.identity = c.identity)"
        )
        return list(self._connection.execute(query, {"list": list_id, "old": old, "new": self._version_id}))

    def _difference(self, query: str) -> Difference:
        row = self._connection.execute(
            f"WITH found (row_no) AS ({query}) SELECT (SELECT count(*) FROM found),"  # noqa: S608  # no value in it
            " ARRAY(SELECT row_no FROM found ORDER BY row_no LIMIT %(shown)s)",
            {"new": self._version_id, "shown": SHOWN},
        ).fetchone()
        assert row is not None
        return Difference(int(row[0]), tuple(row[1]))


class Trial(Store):
    """Keyed numbers only, in a temporary table that ends with the transaction."""

    table = "list_rows_trial"

    def __init__(self, connection: Connection, key: TokenKey, version_id: int) -> None:
        super().__init__(connection, key, version_id)
        connection.execute(
            "CREATE TEMPORARY TABLE list_rows_trial (version_id integer, row_no integer, identity bigint,"
            " person bigint, digest bigint, marked boolean) ON COMMIT DROP"
        )

    def write(self, rows: list[Row]) -> None:
        """Copy one batch of numbers."""
        statement = "COPY list_rows_trial FROM STDIN (FORMAT BINARY)"
        with self._connection.cursor() as cursor, cursor.copy(statement) as copy:
            copy.set_types(["int4", "int4", "int8", "int8", "int8", "bool"])
            for row in rows:
                marks = marks_of(self._key, row)
                copy.write_row((self._version_id, row.row_no, marks.identity, marks.person, marks.digest, row.marked))


class Permanent(Store):
    """The rows, encrypted, and their tokens, under the number of the new version."""

    table = "list_rows"

    def write(self, rows: list[Row]) -> None:
        """Copy one batch of rows, then its tokens."""
        version_id, key, encrypt = self._version_id, self._key, vault().encrypt
        tokens: list[tuple[int, int, int | None]] = []
        statement = (
            "COPY list_rows (version_id, row_no, identity, person, digest, marked, content_enc)"
            " FROM STDIN (FORMAT BINARY)"
        )
        with self._connection.cursor() as cursor, cursor.copy(statement) as copy:
            copy.set_types(["int4", "int4", "int8", "int8", "int8", "bool", "bytea"])
            for row in rows:
                row_no = row.row_no
                identity, person, digest, found = marks_of(key, row)
                content = encrypt(Private(row.content), content_context(version_id, row_no))
                copy.write_row((version_id, row_no, identity, person, digest, row.marked, content))
                tokens += [(token, row_no, detail) for token, detail in found.items()]
        self._write_tokens(tokens)

    def _write_tokens(self, tokens: list[tuple[int, int, int | None]]) -> None:
        version_id = self._version_id
        tokens.sort(key=itemgetter(0))  # neighbours in the index are written one after the other
        statement = "COPY list_tokens (version_id, token, row_no, detail) FROM STDIN (FORMAT BINARY)"
        with self._connection.cursor() as cursor, cursor.copy(statement) as copy:
            copy.set_types(["int4", "int8", "int4", "int8"])
            for token, row_no, detail in tokens:
                copy.write_row((version_id, token, row_no, detail))
