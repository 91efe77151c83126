"""Jobs on PostgreSQL (Procrastinate): deferred in the business transaction, so that a rollback removes the job.

Arguments are ids only; they are stored and logged in clear. Domains register their tasks on ``tasks`` in their
``tasks.py``; the worker imports those at start.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import procrastinate
import psycopg
from procrastinate.tasks import Task
from sqlalchemy.orm import Session

from app import db

TASK_MODULES = ("app.audit_tasks", "app.cards.tasks", "app.points.tasks")

tasks = procrastinate.App(connector=procrastinate.PsycopgConnector())


def worker_app(database_url: str) -> procrastinate.App:
    """The app as a worker runs it: every task registered, its own connection pool."""
    for module in TASK_MODULES:
        import_module(module)
    connector = procrastinate.PsycopgConnector(
        conninfo=database_url, min_size=1, max_size=6, kwargs={"application_name": "todoke-worker"}
    )
    return tasks.with_connector(connector)


def defer(session: Session, task: Task[Any, Any, Any], *, lock: str | None = None, **ids: str | int) -> None:
    """Queue a job in the caller's transaction. Jobs with the same ``lock`` run one after another."""
    task.configure(connection=db.driver_connection(session), lock=lock).defer(**ids)


def defer_once(session: Session, task: Task[Any, Any, Any], *, queueing_lock: str, **ids: str | int) -> bool:
    """Queue a job unless the same one already waits; False when it did. The transaction goes on either way."""
    connection = db.driver_connection(session)
    try:
        with session.begin_nested():
            task.configure(connection=connection, queueing_lock=queueing_lock).defer(**ids)
    except procrastinate.exceptions.AlreadyEnqueued:
        return False
    return True


def apply_schema(connection: psycopg.Connection[Any]) -> None:
    """Create Procrastinate's tables and functions; called by the migration that introduces them."""
    from procrastinate.schema import SchemaManager

    connection.execute(SchemaManager.get_schema().replace("%", "%").encode())
