"""Alembic, driven by ``todoke db``; one head, each migration with lock and statement time-outs."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory


def config(database_url: str | None = None) -> Config:
    """The Alembic configuration; there is no ini file that could go stale."""
    cfg = Config()
    cfg.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    if database_url is not None:
        cfg.attributes["database_url"] = database_url
    return cfg


def upgrade(database_url: str) -> None:
    """Bring the database to the newest revision."""
    command.upgrade(config(database_url), "head")


def heads() -> list[str]:
    """Every head revision; more than one is a defect that the test command refuses."""
    return list(ScriptDirectory.from_config(config()).get_heads())


@cache
def head_revision() -> str | None:
    """The revision this code expects."""
    return ScriptDirectory.from_config(config()).get_current_head()
