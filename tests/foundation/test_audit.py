"""Audit events: append only, sealed in chained batches, pseudonyms only."""

from __future__ import annotations

from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app import audit, db
from tests.conftest import as_owner


def _write(count: int) -> None:
    with db.transaction() as session:
        for number in range(count):
            audit.record(
                session,
                "test.done",
                actor_kind="system",
                object_kind="thing",
                object_id=str(number),
                facts={"n": number},
            )


def test_events_are_sealed_once_and_the_chain_holds(database: str) -> None:
    _write(3)
    with db.transaction() as session:
        assert audit.seal(session) == 3
        assert audit.seal(session) == 0
    _write(2)
    with db.transaction() as session:
        assert audit.seal(session) == 2
    with db.reading() as session:
        assert audit.first_broken_seal(session) is None


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_events SET actor = 'x'", "DELETE FROM audit_events", "TRUNCATE audit_events CASCADE"]
)
def test_the_database_refuses_to_change_an_event(database: str, statement: str) -> None:
    _write(1)
    with pytest.raises(DBAPIError, match="permission denied"), db.transaction() as session:
        session.execute(text(statement))
    with pytest.raises(psycopg.Error, match="append only"):
        as_owner(database, statement)


def test_a_change_behind_the_triggers_breaks_its_seal(database: str) -> None:
    _write(3)
    with db.transaction() as session:
        audit.seal(session)
    as_owner(database, "ALTER TABLE audit_events DISABLE TRIGGER USER")
    as_owner(database, "UPDATE audit_events SET actor = 'somebody' WHERE object_id = '1'")
    with db.reading() as session:
        assert audit.first_broken_seal(session) is not None


def test_a_pseudonym_is_stable_and_does_not_hold_the_id(database: str) -> None:
    person = uuid4()
    assert audit.pseudonym(person) == audit.pseudonym(person)
    assert person.hex[:8] not in audit.pseudonym(person)
