"""Statements that are made once and sent by the driver itself: for what every application asks and changes.

SQLAlchemy describes them, so that columns and types stay those of the models; put together and compiled they are only
the first time. Each use after that costs a fraction of a query through the session (docs/decisions/0025).
"""

from __future__ import annotations

import re
from collections import namedtuple
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from functools import lru_cache, partial
from typing import Any, NamedTuple, TypeVar

import psycopg
from sqlalchemy import Delete, Insert, Update
from sqlalchemy.dialects.postgresql.psycopg import dialect
from sqlalchemy.orm import Session
from sqlalchemy.sql.selectable import SelectBase

from app.db import as_sqlalchemy, driver_connection

_DIALECT = dialect(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]  # theirs has no types
T = TypeVar("T")
_Described = SelectBase | Insert | Update | Delete


class _Made(NamedTuple):
    """A statement as it is sent, and the names and usual values of its parameters."""

    text: bytes
    parameters: list[tuple[str, Any]]
    row: Any
    of_one: bytes | None
    """The same for who looks for one of each: ``= $1`` has one plan for all, ``= ANY ($1)`` is planned at each use."""
    lists: list[int]
    """Which parameters those are, where there are some."""


class Statement:
    """One statement with named parameters. Values go to the driver as they are: whole numbers, text, times, ids, bytes,
    lists of those for ``db_rows.is_among``; nothing that a column type would have to translate."""

    def __init__(self, described: _Described) -> None:
        self._described = described
        self._made: _Made | None = None

    def rows(self, session: Session, **values: Any) -> list[Any]:
        """The rows, by the names of their columns, of the statement sent in the session's transaction.

        What the session still holds is written first. Errors are raised as SQLAlchemy raises them.
        """
        return self.ask(session, **values).rows()

    def ask(self, session: Session, **values: Any) -> Answer:
        """Send the statement; its answer can be looked at once the block of ``in_one_go`` is over."""
        connection = session.info.get(_IN_ONE_GO)
        if connection is None:
            session.flush()
            connection = driver_connection(session)
        return self.ask_on(connection, **values)

    def ask_on(self, connection: psycopg.Connection[Any], **values: Any) -> Answer:
        """The same on a connection of ``db.at_once``."""
        made = self._made or self._make()
        text, given = made.text, [values.get(name, usual) for name, usual in made.parameters]
        if made.of_one is not None and all(len(given[at]) == 1 for at in made.lists):
            text = made.of_one
            for at in made.lists:
                (given[at],) = given[at]
        return Answer(send(connection, text, given), made.row)

    def part(self, **values: Any) -> tuple[Callable[[int], str], list[Any]]:
        """The text, its parameters numbered from a given number, and their values: for ``db_rows.write``."""
        made = self._made or self._make()
        return partial(_numbered_from, made.text), [values.get(name, usual) for name, usual in made.parameters]

    def _make(self) -> _Made:
        compiled = self._described.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
        usual = {name: one.value if isinstance(one, Enum) else one for name, one in compiled.params.items()}
        names = compiled.positiontup or ()
        parameters = [(name, usual[name]) for name in names]
        columns = self._described.selected_columns if isinstance(self._described, SelectBase) else ()
        row = namedtuple("Row", [str(column.key) for column in columns], rename=True) if columns else None
        text = str(compiled)
        self._made = _Made(text.encode(), parameters, row, *_of_one(text))
        return self._made


def _of_one(text: str) -> tuple[bytes | None, list[int]]:
    lists = {number for number, _ in _AMONG.findall(text)}
    single = _AMONG.sub(r"= $\1::\2", text)
    if not lists or any(kind.startswith("[") for number, kind in _TYPED.findall(single) if number in lists):
        return None, []
    return single.encode(), sorted(int(number) - 1 for number in lists)


_AMONG = re.compile(r"= ANY \(\$(\d+)::(\w+)\[\]\)")
_TYPED = re.compile(r"\$(\d+)::\w+(\[?)")


@lru_cache(maxsize=200)
def _numbered_from(text: bytes, first: int) -> str:
    return _NUMBER.sub(lambda found: f"${int(found[1]) + first - 1}", text.decode())


_NUMBER = re.compile(r"\$(\d+)")


class Answer:
    """What the database answers to one statement."""

    def __init__(self, cursor: psycopg.Cursor[Any], row: Any) -> None:
        self._cursor, self._row = cursor, row

    def rows(self) -> list[Any]:
        """The rows, by the names of their columns."""
        found = self._cursor.fetchall()
        return [self._row(*one) for one in found] if self._row else found


Later = Callable[[], T]
"""What was asked for, to be called once the answers are there."""


_IN_ONE_GO = "db_statements.in_one_go"


@contextmanager
def in_one_go(session: Session) -> Iterator[None]:
    """What is asked inside goes to the database without waiting in between; at the end the answers are there.

    Inside only ``Statement.ask``, ``db_rows.write`` and what is made of them; a fault is raised at the end at the
    latest.
    """
    session.flush()
    connection = driver_connection(session)
    session.info[_IN_ONE_GO] = connection
    try:
        with connection.pipeline():
            yield
    except psycopg.Error as error:
        raise as_sqlalchemy(error) from error
    finally:
        del session.info[_IN_ONE_GO]


def send(connection: psycopg.Connection[Any], text: bytes, values: list[Any]) -> psycopg.Cursor[Any]:
    """Send a statement with ``$1`` parameters; a fault is raised as SQLAlchemy would raise it."""
    try:
        return psycopg.RawCursor(connection).execute(text, values)
    except psycopg.Error as error:
        raise as_sqlalchemy(error) from error
