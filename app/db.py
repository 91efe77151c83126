"""The database: engine, transactions, declarative base, naming convention, column types, ids.

PostgreSQL is the only database (docs/decisions/0001). One use case is one ``transaction()``; reads that change
nothing use ``reading()``, which the database itself holds to that.
"""

from __future__ import annotations

import os
import select
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

import psycopg
from sqlalchemy import (
    BigInteger,
    Date,
    DateTime,
    Engine,
    LargeBinary,
    MetaData,
    Text,
    Uuid,
    create_engine,
    event,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.orm import DeclarativeBase, Session

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

LOCK_TIMEOUT_MS = 5_000
STATEMENT_TIMEOUT_MS = 15_000


class Base(DeclarativeBase):
    """Base of every table: text without length, times with zone, whole numbers for points, uuid ids."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text(),
        bytes: LargeBinary(),
        int: BigInteger(),
        date: Date(),
        datetime: DateTime(timezone=True),
        UUID: Uuid(),
        dict[str, Any]: JSONB(),
        list[str]: JSONB(),
    }


class _Connection:
    engine: Engine | None = None
    standing_alone: Engine | None = None
    """The same connections, on which every statement is a transaction of its own."""


def sqlalchemy_url(database_url: str) -> str:
    """The same address with the psycopg driver named; accepts what ``psql`` accepts as a URL."""
    for prefix in ("postgresql://", "postgres://"):
        if database_url.startswith(prefix):
            return "postgresql+psycopg://" + database_url.removeprefix(prefix)
    return database_url


def configure(database_url: str, *, pool_size: int = 10, application_name: str = "todoke") -> Engine:
    """Connect this process to its database. Called once at start; a second call replaces the engine."""
    dispose()
    _Connection.engine = create_engine(
        sqlalchemy_url(database_url),
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=10,
        pool_use_lifo=True,  # what the last one used is still at hand in the server, too
        hide_parameters=True,  # an error's text goes to logs; what a statement carried does not
        connect_args={
            "application_name": application_name,
            "connect_timeout": 5,
            "options": f"-c lock_timeout={LOCK_TIMEOUT_MS} -c statement_timeout={STATEMENT_TIMEOUT_MS} -c timezone=UTC",
        },
    )
    event.listen(_Connection.engine, "checkout", _is_still_connected)
    _Connection.standing_alone = _Connection.engine.execution_options(isolation_level="AUTOCOMMIT")
    return _Connection.engine


def _is_still_connected(connection: psycopg.Connection[Any], record: object, proxy: object) -> None:
    """A server that went away has closed the socket, or said so on it: that is seen without asking the server.

    A ping would cost every request a round trip (docs/decisions/0011). The pool then makes a new connection.
    """
    if connection.closed or select.select([connection.fileno()], (), (), 0)[0]:
        raise DisconnectionError


def dispose() -> None:
    """Close all connections, for example before a fork."""
    if _Connection.engine is not None:
        _Connection.engine.dispose()
        _Connection.engine = _Connection.standing_alone = None


def engine() -> Engine:
    """The engine of this process; ``RuntimeError`` when ``configure`` was not called."""
    if _Connection.engine is None:
        raise RuntimeError("db.configure() has not been called in this process")
    return _Connection.engine


@contextmanager
def transaction() -> Iterator[Session]:
    """One database transaction: commits at the end, rolls everything back on any exception."""
    with Session(engine(), expire_on_commit=False) as session, session.begin():
        yield session


@contextmanager
def erasing(session: Session) -> Iterator[None]:
    """Only inside this the database lets go of what it otherwise keeps as it was written (BR-65)."""
    session.execute(text("SELECT set_config('todoke.erasing', 'on', true)"))
    yield
    session.execute(text("SELECT set_config('todoke.erasing', '', true)"))


@contextmanager
def reading() -> Iterator[Session]:
    """A read-only transaction; a write inside it is refused by the database."""
    with Session(engine(), expire_on_commit=False) as session:
        session.connection(execution_options={"postgresql_readonly": True})
        yield session
        # Committed, not rolled back: after a rollback the driver forgets every statement that was planned.
        session.expunge_all()
        session.commit()


@contextmanager
def looking() -> Iterator[Session]:
    """For pages that anybody reads often: every statement stands alone and sees what is committed when it runs.

    Beginning and ending a transaction would be two of the five round trips of a search. Its callers read only.
    """
    with Session(_standing_alone(), autoflush=False) as session:
        yield session


@contextmanager
def at_once() -> Iterator[psycopg.Connection[Any]]:
    """A connection on which every statement is a transaction of its own, without the round trips of a longer one.

    It is the driver's: for ``db_statements``, by which every request asks for its session.
    """
    try:
        pooled = engine().raw_connection()
    except psycopg.Error as error:
        raise as_sqlalchemy(error) from error
    connection = pooled.driver_connection
    assert isinstance(connection, psycopg.Connection)
    try:
        connection.autocommit = True
        yield connection
    finally:
        if connection.closed:
            pooled.invalidate()
        else:
            connection.autocommit = False
        pooled.close()


def as_sqlalchemy(error: psycopg.Error) -> BaseException:
    """What the driver raised as SQLAlchemy would have raised it: callers tell conflicts from faults by its classes.

    What was sent is not part of it.
    """
    return DBAPIError.instance("(by the driver)", None, error, psycopg.Error, hide_parameters=True)


def _standing_alone() -> Engine:
    engine()  # says what is missing
    assert _Connection.standing_alone is not None
    return _Connection.standing_alone


def driver_connection(session: Session) -> psycopg.Connection[Any]:
    """The psycopg connection under a session, for libraries that share its transaction."""
    connection = session.connection().connection.driver_connection
    assert isinstance(connection, psycopg.Connection)
    return connection


def new_id() -> UUID:
    """A UUID version 7 (RFC 9562): sortable by creation, 74 random bits, so that it can't be guessed."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds << 80) | int.from_bytes(os.urandom(10), "big")
    value = (value & ~(0xF << 76)) | (0x7 << 76)
    value = (value & ~(0x3 << 62)) | (0x2 << 62)
    return UUID(int=value)
