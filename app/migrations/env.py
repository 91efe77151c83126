"""Runs migrations on one connection, under an advisory lock, so that two starts at once do not meet."""

from __future__ import annotations

import importlib
import pkgutil

from alembic import context
from sqlalchemy import create_engine, text

import app
from app.db import Base, sqlalchemy_url
from app.migrations.privileges import grant_to_service

MIGRATION_LOCK = 715_001

for module in pkgutil.walk_packages(app.__path__, "app."):
    if module.name.endswith(".models") or module.name in ("app.audit", "app.clock"):
        importlib.import_module(module.name)


def _is_ours(object_: object, name: str | None, type_: str, reflected: bool, compare_to: object) -> bool:
    return not (type_ == "table" and (name or "").startswith("procrastinate_"))


def run() -> None:
    """Migrate to the revision Alembic was asked for."""
    engine = create_engine(sqlalchemy_url(context.config.attributes["database_url"]))
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": MIGRATION_LOCK})
        connection.execute(text("SET lock_timeout = '5s'"))
        connection.commit()
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            include_object=_is_ours,
            compare_type=True,
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()
        grant_to_service(connection)
        connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": MIGRATION_LOCK})
        connection.commit()
    engine.dispose()


run()
