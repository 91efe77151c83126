"""Keys are rotated as docs/operations/key-rotation.md says, while values are read and written."""

from __future__ import annotations

import importlib
import json
import pkgutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import app
from app import db, people, pii, pii_rotation, settings, start
from app.cli.keys import keys
from app.db import Base
from app.settings import Keys
from tests.applications.applicants import applicant, apply, by_receipt, open_policy


@pytest.fixture
def key_file(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "keys.json"
    file.write_text(Keys.generate_json(), encoding="ascii")
    values = {
        "ENVIRONMENT": "test",
        "DATABASE_URL": database,
        "PUBLIC_URL": "http://127.0.0.1:8000",
        "TRUST_ANCHORS_ENVIRONMENT": "test",
        "KEYS_FILE": str(file),
    }
    for name, value in values.items():
        monkeypatch.setenv(f"TODOKE_{name}", value)
    start_again()
    return file


def start_again() -> None:
    """What a new start of the processes reads."""
    settings.current.cache_clear()
    start.configure(settings.current())


def todoke_keys(*arguments: object) -> Result:
    return CliRunner().invoke(keys, [str(argument) for argument in arguments], catch_exceptions=False)


def ids_in(file: Path) -> list[str]:
    return list(json.loads(file.read_text())["encryption"])


def test_the_whole_rotation_as_the_runbook_says(key_file: Path) -> None:
    open_policy(capacity=10)
    who = applicant("髙橋　一郎")
    application = by_receipt(apply(who))
    (old,) = ids_in(key_file)

    assert "added" in todoke_keys("add", key_file).output
    start_again()
    (_, new) = ids_in(key_file)
    assert pii.vault().current_key_id == old, "known, not yet used"
    todoke_keys("promote", key_file, new)
    start_again()
    assert (ids_in(key_file), pii.vault().current_key_id) == ([new, old], new)
    applicant("鈴木　二郎")  # written while both are there
    assert todoke_keys("drop", key_file, old).exit_code == 1, "values lie under it"
    assert f"{old}: payment_links.account_enc 1, person_facts.address_enc 1" in todoke_keys("status").output

    assert "5 values are now under the current key" in todoke_keys("rewrap").output
    assert "0 values" in todoke_keys("rewrap").output
    assert set(pii_rotation.values_by_key()) == {new}
    assert "dropped" in todoke_keys("drop", key_file, old).output
    start_again()
    with db.reading() as session:
        items = people.facts_of(session, facts_of_person(session, who.person_id))
        assert items is not None
        assert items.name.reveal() == "髙橋　一郎"
    assert application.receipt_no
    assert oct(key_file.stat().st_mode & 0o777) == "0o600"


def facts_of_person(session, person_id):
    from sqlalchemy import select

    from app.people.models import PersonFacts

    return session.scalars(select(PersonFacts.id).where(PersonFacts.person_id == person_id)).one()


def test_the_current_key_is_never_dropped(key_file: Path) -> None:
    (only,) = ids_in(key_file)
    refused = todoke_keys("drop", key_file, only)
    assert (refused.exit_code, ids_in(key_file)) == (1, [only])


def test_a_key_that_is_missing_is_said_loudly(key_file: Path) -> None:
    applicant("髙橋　一郎")
    key_file.write_text(Keys.generate_json(), encoding="ascii")
    start_again()
    answer = todoke_keys("status")
    assert "MISSING" in answer.output
    assert answer.exit_code == 1


def test_every_encrypted_column_takes_part() -> None:
    """A new one has to be named there, or its values would lie under a key that is dropped."""
    for module in pkgutil.walk_packages(app.__path__, "app."):
        if module.name.endswith(".models"):
            importlib.import_module(module.name)
    in_tables = {
        table.name: {column.name for column in table.columns if column.name.endswith("_enc")}
        for table in Base.metadata.tables.values()
    }
    expected = {name: columns for name, columns in in_tables.items() if columns}
    assert {name: set(columns) for name, columns in pii_rotation.COLUMNS.items()} == expected
    assert pii_rotation.COLUMNS.keys() == pii_rotation.PLACES.keys()
