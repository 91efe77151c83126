"""Many rows by one statement, past the unit of work: for what every application writes, one at a time or a thousand.

A few rows go as one ``INSERT``; many as ``COPY``, which costs the database a fraction. Constraints, triggers and
foreign keys are the same for both.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import Enum
from functools import lru_cache
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
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.db import Base, driver_connection

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
    values = tuple(turn(row[name]) for row in rows for name, turn in adapt)
    _execute(session, _insert_statement(table, columns, len(rows)), values)


@contextmanager
def together(session: Session, *, most: int) -> Iterator[None]:
    """What is written inside goes to the database without waiting for an answer between, where it is few rows.

    A fault is raised at the end at the latest. Inside only ``insert_rows`` and ``update_rows``.
    """
    if most >= COPY_FROM:  # which can't go along with others
        yield
        return
    session.flush()
    try:
        with driver_connection(session).pipeline():
            yield
    except psycopg.Error as error:
        raise _as_sqlalchemy("(several)", error) from error


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
        values = tuple(turn(row[name]) for row in some for name, turn in adapt)
        statement = f"{_insert_statement(table, columns, len(some))} ON CONFLICT DO NOTHING RETURNING {returning}"
        written += _execute(session, statement, values).fetchall()
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
        values = tuple([turn(row[name]) for row in some] for name, turn in adapt)
        _execute(session, _update_statement(table, columns, tuple(keys)), values)


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
        raise _as_sqlalchemy(statement, error) from error


def _execute(session: Session, statement: str, values: Sequence[Any]) -> psycopg.Cursor[Any]:
    """By the driver itself: every application passes here several times (docs/decisions/0011)."""
    try:
        return driver_connection(session).execute(statement.encode(), values)
    except psycopg.Error as error:
        raise _as_sqlalchemy(statement, error) from error


def _as_sqlalchemy(statement: str, error: psycopg.Error) -> BaseException:
    """As SQLAlchemy would have raised it: callers tell conflicts from faults by its classes."""
    return DBAPIError.instance(statement, None, error, psycopg.Error, hide_parameters=True)


@lru_cache(maxsize=500)
def _insert_statement(table: type[Base], columns: tuple[str, ...], rows: int) -> str:
    one = f"({', '.join(['%s'] * len(columns))})"
    names = ", ".join(columns)
    return f"INSERT INTO {table.__tablename__} ({names}) VALUES {', '.join([one] * rows)}"  # noqa: S608  # our names only


@lru_cache(maxsize=500)
def _copy_statement(table: type[Base], columns: tuple[str, ...]) -> str:
    return f"COPY {table.__tablename__} ({', '.join(columns)}) FROM STDIN"


@lru_cache(maxsize=500)
def _update_statement(table: type[Base], columns: tuple[str, ...], keys: tuple[str, ...]) -> str:
    types = {column.name: column.type for column in table.__table__.columns}
    arrays = ", ".join(f"%s::{_type_name(types[name])}[]" for name in columns)
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
