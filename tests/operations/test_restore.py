"""A backup is restored as docs/operations/restore.md says, with the bundled pg_dump and pg_restore, and is whole."""

from __future__ import annotations

import subprocess
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

from app import applications, audit, db, migrations, people
from app.embedded_postgres import program_path
from tests.applications.applicants import (
    applicant,
    apply,
    counters,
    differences,
    fill_in,
    open_policy,
    orders,
    rows_in,
    submitted_count,
)
from tests.conftest import as_owner

pytestmark = pytest.mark.usefixtures("installation")


def owner(url: str) -> str:
    return url.replace("//todoke_service@", "//todoke@")


def run(program: str, *arguments: str) -> None:
    done = subprocess.run([str(program_path(program)), *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_restored_backup_is_the_installation_of_that_moment(
    database: str, fresh_database_url: str, tmp_path: Path
) -> None:
    open_policy(capacity=3)
    first = applicant("髙橋　一郎")
    receipt = apply(first)
    half_way = applicant("鈴木　二郎")
    draft = fill_in(half_way)
    with db.transaction() as session:
        audit.seal(session)
    jobs = rows_in("procrastinate_jobs")

    backup = tmp_path / "todoke.dump"
    run("pg_dump", "--format=custom", f"--file={backup}", owner(database))
    apply(applicant("佐藤　三郎"))  # after the backup: lost, as the runbook says
    run("pg_restore", "--exit-on-error", "--single-transaction", f"--dbname={owner(fresh_database_url)}", str(backup))
    migrations.upgrade(owner(fresh_database_url))  # an older backup meets a newer program: also the privileges

    db.configure(fresh_database_url.replace("//todoke@", "//todoke_service@"))
    assert differences() == []
    assert (submitted_count(), counters().seats_taken, rows_in("procrastinate_jobs")) == (1, 1, jobs)
    with db.reading() as session:
        assert audit.first_broken_seal(session) is None
        view = applications.view_by_receipt(session, receipt.receipt_no, first.person_id)
        assert view is not None
        facts = session.execute(
            text("SELECT id FROM person_facts WHERE person_id = :p"), {"p": first.person_id}
        ).scalar_one()
        items = people.facts_of(session, facts)
    assert items is not None
    assert items.name.reveal() == "髙橋　一郎", "readable with the keys that are kept apart"
    assert applications.submit("P-001", draft, half_way.person_id).receipt_no, "the service goes on from there"
    assert len({order.id for order in orders()}) == 2
    assert differences() == []
    with pytest.raises(psycopg.errors.RestrictViolation):
        as_owner(fresh_database_url, "UPDATE ledger_entries SET amount = 1")
    db.configure(database)  # the books that are compared after every test


def test_without_the_keys_a_backup_tells_nothing_personal(database: str, tmp_path: Path) -> None:
    open_policy(capacity=3)
    apply(applicant("髙橋　一郎"))
    backup = tmp_path / "todoke.sql"
    run("pg_dump", f"--file={backup}", owner(database))
    assert "髙橋" not in backup.read_text(encoding="utf-8")
