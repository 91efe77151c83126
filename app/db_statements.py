"""Statements that are made once and sent by the driver itself: for what every application asks and changes.

SQLAlchemy describes them, so that columns and types stay those of the models; put together and compiled they are only
the first time. Each use after that costs a fraction of a query through the session (docs/decisions/0030).
"""

from __future__ import annotations

from collections import namedtuple
from enum import Enum
from typing import Any

import psycopg
from sqlalchemy import Delete, Insert, Update
from sqlalchemy.dialects.postgresql.psycopg import dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.sql.selectable import SelectBase

from app.db import driver_connection

_DIALECT = dialect(paramstyle="numeric_dollar")
_Described = SelectBase | Insert | Update | Delete


class Statement:
    """One statement with named parameters. Values go to the driver as they are: whole numbers, text, times, ids, bytes,
    lists of those for ``db_rows.is_among``; nothing that a column type would have to translate."""

    def __init__(self, described: _Described) -> None:
        self._described = described
        self._made: tuple[bytes, list[tuple[str, Any]], Any] | None = None

    def rows(self, session: Session, **values: Any) -> list[Any]:
        """The rows, by the names of their columns, of the statement sent in the session's transaction.

        What the session still holds is written first. Errors are raised as SQLAlchemy raises them.
        """
        text, parameters, row = self._made or self._make()
        session.flush()
        sent = send(driver_connection(session), text, [values.get(name, usual) for name, usual in parameters])
        return [row(*one) for one in sent.fetchall()] if row else sent.fetchall()

    def _make(self) -> tuple[bytes, list[tuple[str, Any]], Any]:
        compiled = self._described.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
        usual = {name: one.value if isinstance(one, Enum) else one for name, one in compiled.params.items()}
        parameters = [(name, usual[name]) for name in compiled.positiontup or ()]  # type: ignore[attr-defined]
        columns = self._described.selected_columns if isinstance(self._described, SelectBase) else ()
        row = namedtuple("Row", [column.key for column in columns], rename=True) if columns else None
        self._made = (str(compiled).encode(), parameters, row)
        return self._made


def send(connection: psycopg.Connection[Any], text: bytes, values: list[Any]) -> psycopg.Cursor[Any]:
    """Send a statement with ``$1`` parameters; a fault is raised as SQLAlchemy would raise it."""
    try:
        return psycopg.RawCursor(connection).execute(text, values)
    except psycopg.Error as error:
        raise as_sqlalchemy(error) from error


def as_sqlalchemy(error: psycopg.Error) -> BaseException:
    """Callers tell conflicts from faults by SQLAlchemy's classes. What was sent is not part of it."""
    return DBAPIError.instance("(by the driver)", None, error, psycopg.Error, hide_parameters=True)
