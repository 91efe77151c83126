"""`todoke providers`: an operator holds a line, sees it, and lets it go again; what was mistyped is said."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from app import db, payments, settings
from app.cli.providers import providers
from tests.payments.samples import service_item


@pytest.fixture(autouse=True)
def configured(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    values = {"ENVIRONMENT": "test", "DATABASE_URL": database, "PUBLIC_URL": "http://localhost"}
    for name, value in (values | {"STATE_DIR": str(tmp_path), "TRUST_ANCHORS_ENVIRONMENT": "test"}).items():
        monkeypatch.setenv(f"TODOKE_{name}", value)
    settings.current.cache_clear()
    with db.transaction() as session:
        payments.load_services(session, [service_item("SVC-EM-01")], "test")
    yield
    settings.current.cache_clear()


def todoke_providers(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(providers, arguments)
    return done.exit_code, done.output


def test_a_line_is_held_listed_with_its_note_and_resumed() -> None:
    assert todoke_providers("list") == (0, "no line was used yet\n")
    assert todoke_providers("hold", "PRV-03", "--note", "announced until noon") == (0, "PRV-03: held\n")
    assert "PRV-03  held since" in todoke_providers("list")[1]
    assert "announced until noon" in todoke_providers("list")[1]
    assert todoke_providers("resume", "PRV-03") == (0, "PRV-03: resumed\n")
    assert "PRV-03  open" in todoke_providers("list")[1]


@pytest.mark.parametrize("arguments", [("hold", "PRV-3", "--note", "stop"), ("resume", "PRV-3")])
def test_a_mistyped_provider_is_said_and_nothing_is_held(arguments: tuple[str, ...]) -> None:
    code, told = todoke_providers(*arguments)
    assert (code, "no payment service is of PRV-3" in told) == (1, True)
    assert todoke_providers("list")[1] == "no line was used yet\n"


def test_br_57_a_my_number_in_the_note_is_refused_and_not_kept() -> None:
    code, told = todoke_providers("hold", "PRV-03", "--note", "123456789018")
    assert (code, "12-digit number" in told) == (1, True)
    assert todoke_providers("list")[1] == "no line was used yet\n"
