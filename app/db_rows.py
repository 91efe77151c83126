"""Many rows by one statement, past the unit of work: for what every application writes, one at a time or a thousand.

A few rows go as one ``INSERT``; many as ``COPY``, which costs the database a fraction. Constraints, triggers and
foreign keys are the same for both.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import Enum
from functools import lru_cache, partial
from operator import itemgetter
from typing import Any

import psycopg
from psycopg.types.json import Jsonb
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    ColumnElement,
    DateTime,
    LargeBinary,
    Text,
    Uuid,
    any_,
    bindparam,
    inspect,
    literal,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.db import Base, as_sqlalchemy, driver_connection
from app.db_statements import send

COPY_FROM = 50
"""From so many rows on, ``COPY``."""
ROWS_AT_ONCE = 2_000
_TYPES: tuple[tuple[type[Any], str], ...] = (
    (Text, "text"),
    (BigInteger, "bigint"),
    (DateTime, "timestamptz"),
    (Uuid, "uuid"),
    (LargeBinary, "bytea"),
    (JSONB, "jsonb"),
    (Boolean, "boolean"),
)


def insert_rows(session: Session, table: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows of the same columns. Nothing is filled in but the database's own defaults.

    What the session still holds is written first. Raises SQLAlchemy's ``IntegrityError`` like any other statement.
    """
    if not rows:
        return
    session.flush()
    columns = tuple(rows[0])
    adapt = _adapters(table, columns)
    if len(rows) >= COPY_FROM:
        _copy(session, _copy_statement(table, columns), [[turn(row[name]) for name, turn in adapt] for row in rows])
        return
    values = [turn(row[name]) for row in rows for name, turn in adapt]
    write(session, partial(_insert_statement, table, columns, len(rows)), values)


Written = Callable[[int], str]
"""A statement that changes rows, its parameters numbered from the given number."""


def write(session: Session, statement: Written, values: list[Any], *, is_query: bool = False) -> None:
    """Send a statement, or leave it to the ``together`` that is open. ``is_query``: it begins with SELECT."""
    gathered: list[tuple[bool, Written, list[Any]]] | None = session.info.get(_GATHERED)
    if gathered is None:
        session.flush()
        send(driver_connection(session), statement(1).encode(), values)
    else:
        gathered.append((is_query, statement, values))


_GATHERED = "db_rows.gathered"


@contextmanager
def together(session: Session, *, most: int) -> Iterator[None]:
    """What is written inside goes to the database as one statement at the end, where it is few rows.

    Each part sees the rows as they were before; foreign keys and other constraints look at what all have written.
    Inside only what ends in ``write``: ``insert_rows``, ``update_rows``, ``jobs.defer_all``.
    """
    if most >= COPY_FROM or _GATHERED in session.info:  # many rows can't go along with others
        yield
        return
    session.flush()
    gathered: list[tuple[bool, Written, list[Any]]] = []
    session.info[_GATHERED] = gathered
    try:
        yield
    finally:
        del session.info[_GATHERED]
    if not gathered:
        return
    gathered.sort(key=itemgetter(0))  # only a change runs to its end without being asked for its rows
    if sum(is_query for is_query, _, _ in gathered) > 1:
        raise RuntimeError("one query can go along with what is written together")
    texts: list[str] = []
    values: list[Any] = []
    for _, statement, some in gathered:
        texts.append(statement(len(values) + 1))
        values += some
    parts = ", ".join(f"part{number} AS ({text})" for number, text in enumerate(texts[:-1]))
    send(driver_connection(session), (f"WITH {parts} {texts[-1]}" if parts else texts[-1]).encode(), values)


def insert_unless_taken(
    session: Session, table: type[Base], rows: Sequence[Mapping[str, Any]], *, returning: str
) -> list[Any]:
    """Insert those rows that break no unique or exclusion constraint; returns one column of the rows written.

    Rows of one call can be in each other's way: the first counts.
    """
    if not rows:
        return []
    columns = tuple(rows[0])
    adapt = _adapters(table, columns)
    written: list[Any] = []
    for first in range(0, len(rows), ROWS_AT_ONCE):
        some = rows[first : first + ROWS_AT_ONCE]
        values = [turn(row[name]) for row in some for name, turn in adapt]
        statement = f"{_insert_statement(table, columns, len(some), 1)} ON CONFLICT DO NOTHING RETURNING {returning}"
        written += send(driver_connection(session), statement.encode(), values).fetchall()
    return written


def take_new(session: Session, table: type[Base]) -> list[dict[str, Any]]:
    """The new objects of one table that the session holds, as rows for ``insert_rows``; the session forgets them."""
    new = [one for one in session.new if type(one) is table]
    for one in new:
        session.expunge(one)
    return [values_of(one) for one in new]


def values_of(row: Base) -> dict[str, Any]:
    """The columns of a row as it stands, for ``insert_rows``."""
    return {name: getattr(row, name) for name in _columns(type(row))}


def update_rows(
    session: Session, table: type[Base], rows: Sequence[Mapping[str, Any]], *, keys: Collection[str]
) -> None:
    """Set the other columns of the rows that ``keys`` name, in one statement."""
    session.flush()
    for first in range(0, len(rows), ROWS_AT_ONCE):
        some = rows[first : first + ROWS_AT_ONCE]
        columns = tuple(some[0])
        adapt = _adapters(table, columns)
        if len(some) == 1:  # lists of one cost the driver as much as the row itself
            one = [turn(some[0][name]) for name, turn in adapt]
            write(session, partial(_update_of_one, table, columns, tuple(keys)), one)
            continue
        values = [[turn(row[name]) for row in some] for name, turn in adapt]
        write(session, partial(_update_statement, table, columns, tuple(keys)), values)


def write_changed(session: Session, *tables: Sequence[Base]) -> None:
    """Write what was changed in rows, given table by table, by one statement for equal changes; the session forgets
    them. One row of each table is left to the session's next flush."""
    if all(len(rows) < 2 for rows in tables):
        return
    changes: list[dict[tuple[str, ...], list[Base]]] = []
    for rows in tables:  # all leave the session before the first statement, which would write them one by one
        alike: dict[tuple[str, ...], list[Base]] = {}
        for row in rows:
            alike.setdefault(tuple(sorted(inspect(row).committed_state)), []).append(row)
            session.expunge(row)
        changes.append(alike)
    for alike in changes:
        for changed, some in alike.items():
            if changed:
                table = type(some[0])
                keys = tuple(column.name for column in table.__table__.primary_key)
                values = [{name: getattr(row, name) for name in (*keys, *changed)} for row in some]
                update_rows(session, table, values, keys=keys)


def is_among(column: ColumnElement[Any] | InstrumentedAttribute[Any], name: str) -> ColumnElement[bool]:
    """The same for a statement that is made once: ``name`` is its parameter."""
    return column == any_(bindparam(name, type_=ARRAY(column.type)))


def among(column: ColumnElement[Any] | InstrumentedAttribute[Any], values: Collection[Any]) -> ColumnElement[bool]:
    """``column IN (values)`` with the values as one parameter: the same statement for one and for a thousand."""
    return column == any_(literal(list(values), ARRAY(column.type)))


def _copy(session: Session, statement: str, rows: Sequence[Sequence[Any]]) -> None:
    try:
        with driver_connection(session).cursor() as cursor, cursor.copy(statement.encode()) as copy:
            for row in rows:
                copy.write_row(row)
    except psycopg.Error as error:
        raise as_sqlalchemy(error) from error


@lru_cache(maxsize=500)
def _insert_statement(table: type[Base], columns: tuple[str, ...], rows: int, first: int) -> str:
    width = len(columns)
    places = ", ".join(f"({_places(first + row * width, width)})" for row in range(rows))
    return f"INSERT INTO {table.__tablename__} ({', '.join(columns)}) VALUES {places}"  # noqa: S608  # our names only


def _places(first: int, count: int) -> str:
    return ", ".join(f"${number}" for number in range(first, first + count))


@lru_cache(maxsize=500)
def _copy_statement(table: type[Base], columns: tuple[str, ...]) -> str:
    return f"COPY {table.__tablename__} ({', '.join(columns)}) FROM STDIN"


@lru_cache(maxsize=500)
def _update_of_one(table: type[Base], columns: tuple[str, ...], keys: tuple[str, ...], first: int) -> str:
    place = {name: f"${number}" for number, name in enumerate(columns, start=first)}
    changes = ", ".join(f"{name} = {place[name]}" for name in columns if name not in keys)
    same = " AND ".join(f"{name} = {place[name]}" for name in keys)
    return f"UPDATE {table.__tablename__} SET {changes} WHERE {same}"  # noqa: S608  # our names only


@lru_cache(maxsize=500)
def _update_statement(table: type[Base], columns: tuple[str, ...], keys: tuple[str, ...], first: int) -> str:
    types = {column.name: column.type for column in table.__table__.columns}
    arrays = ", ".join(f"${number}::{_type_name(types[name])}[]" for number, name in enumerate(columns, start=first))
    changes = ", ".join(f"{name} = v.{name}" for name in columns if name not in keys)
    same = " AND ".join(f"t.{name} = v.{name}" for name in keys)
    source = f"unnest({arrays}) AS v ({', '.join(columns)})"
    return f"UPDATE {table.__tablename__} t SET {changes} FROM {source} WHERE {same}"  # noqa: S608  # our names only


def _type_name(column_type: Any) -> str:
    return next(name for kind, name in _TYPES if isinstance(column_type, kind))


@lru_cache(maxsize=500)
def _columns(table: type[Base]) -> tuple[str, ...]:
    return tuple(column.name for column in table.__table__.columns)


@lru_cache(maxsize=500)
def _adapters(table: type[Base], columns: tuple[str, ...]) -> tuple[tuple[str, Callable[[Any], Any]], ...]:
    types = {column.name: column.type for column in table.__table__.columns}
    return tuple((name, _as_json if isinstance(types[name], JSONB) else _as_value) for name in columns)


def _as_json(value: Any) -> Any:
    return None if value is None else Jsonb(value)


def _as_value(value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value
