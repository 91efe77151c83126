"""The role that web and worker connect with changes nothing that is written once, and no table (promises 3, 8)."""

from __future__ import annotations

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app import db, migrations, start
from app.settings import Keys, Settings, SettingsRefused
from tests.conftest import as_owner, cluster_url

AT_LEAST = {"ledger_entries", "audit_events", "audit_seals", "evidence", "policy_versions", "check_moves"}
RIGHTS = """
    SELECT relname, has_table_privilege(tgrelid, 'INSERT') AS insert,
      has_table_privilege(tgrelid, 'TRUNCATE') AS truncate,
      tgtype & 16 <> 0 AS guards_update, has_table_privilege(tgrelid, 'UPDATE') AS update,
      tgtype & 8 <> 0 AS guards_delete, has_table_privilege(tgrelid, 'DELETE') AS delete
    FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid JOIN pg_proc ON pg_proc.oid = tgfoid
    WHERE proname = 'todoke_refuse_change'
"""


def refused(statement: str) -> None:
    with pytest.raises(DBAPIError, match="permission denied"), db.transaction() as session:
        session.execute(text(statement))


def test_what_a_trigger_guards_is_closed_to_the_service_too(database: str) -> None:
    with db.reading() as session:
        rights = session.execute(text(RIGHTS)).all()
    for row in rights:
        assert row.insert, row
        assert not row.truncate, row
        assert not (row.guards_update and row.update), row
        assert not (row.guards_delete and row.delete), row
    closed = {row.relname for row in rights if row.guards_update and row.guards_delete}
    assert closed >= AT_LEAST
    for table in AT_LEAST:
        refused(f"DELETE FROM {table}")


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE ledger_entries DISABLE TRIGGER USER",
        "DROP TABLE ledger_entries",
        "SET session_replication_role = replica",
        "CREATE TABLE of_my_own (id int)",
        "UPDATE alembic_version SET version_num = 'x'",
        "SET ROLE todoke",
    ],
)
def test_the_service_cannot_open_what_is_closed_to_it(database: str, statement: str) -> None:
    with pytest.raises(DBAPIError), db.transaction() as session:
        session.execute(text(statement))


def test_the_second_guard_binds_the_owner_too(database: str) -> None:
    for statement in ("DELETE FROM ledger_entries", "TRUNCATE audit_events CASCADE"):
        if "DELETE" in statement:
            as_owner(database, "INSERT INTO policies VALUES ('P-X', '992011', 'draft', 1)")
            as_owner(
                database,
                "INSERT INTO ledger_entries (policy_id, at, event, from_account, to_account, amount)"
                " VALUES ('P-X', now(), 'fund', 'FUNDING', 'BUDGET', 1)",
            )
        with pytest.raises(psycopg.Error, match="append only"):
            as_owner(database, statement)


def test_an_upgrade_takes_back_what_somebody_granted_by_hand(database: str) -> None:
    as_owner(database, "GRANT UPDATE, DELETE ON ledger_entries TO todoke_service")
    migrations.upgrade(cluster_url(database.rpartition("@/")[2].partition("?")[0]))
    refused("DELETE FROM ledger_entries")


def test_production_does_not_start_with_a_role_that_may_change_the_ledger(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(start, "anchors", lambda settings: None)

    def production(url: str) -> Settings:
        return Settings(
            environment="production",
            database_url=url,
            public_url="https://todoke.example.jp",
            keys_json=Keys.generate_json(),
            trusted_proxies=1,
        )

    name = database_url.rpartition("@/")[2].partition("?")[0]
    with pytest.raises(SettingsRefused, match="todoke_service"):
        start.configure(production(cluster_url(name)))
    start.configure(production(database_url))
    db.dispose()
