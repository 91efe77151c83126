"""Jobs on PostgreSQL (Procrastinate): deferred in the business transaction, so that a rollback removes the job.

Arguments are ids only; they are stored and logged in clear. Domains register their tasks on ``tasks`` in their
``tasks.py``; the worker imports those at start.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from functools import lru_cache, partial
from importlib import import_module
from typing import Any

import procrastinate
from procrastinate.connector import BaseConnector
from procrastinate.tasks import Task
from procrastinate.types import JSONDict
from psycopg.types.json import Jsonb
from sqlalchemy.orm import Session

from app import clock, db, db_rows

TASK_MODULES = (
    "app.job_tasks",
    "app.audit_tasks",
    "app.cards.tasks",
    "app.policies.tasks",
    "app.organisations.tasks",
    "app.points.tasks",
    "app.rebates.tasks",
    "app.applications.tasks",
    "app.applications.review_tasks",
    "app.notifications.tasks",
    "app.counter.tasks",
    "app.retention.tasks",
    "app.web.tasks",
)

tasks = procrastinate.App(connector=procrastinate.PsycopgConnector())


class _WorkerConnector(procrastinate.PsycopgConnector):
    """The worker's own pool, and beside it the way by which a task's business transaction defers further jobs."""

    def get_sync_connector(self) -> BaseConnector:
        # An opened connector would answer with itself, which can't use the connection of a transaction.
        return procrastinate.SyncPsycopgConnector()


def worker_app(database_url: str) -> procrastinate.App:
    """The app as a worker runs it: every task registered, its own connection pool. To be opened by the caller.

    It is ``tasks`` itself: a copy would leave its periodic tasks with the connector of the original.
    """
    for module in TASK_MODULES:
        import_module(module)
    connector = _WorkerConnector(
        conninfo=database_url, min_size=1, max_size=6, kwargs={"application_name": "todoke-worker"}
    )
    tasks.connector = tasks.job_manager.connector = connector
    return tasks


def defer(session: Session, task: Task[Any, Any, Any], *, lock: str | None = None, **ids: str | int) -> None:
    """Queue a job in the caller's transaction. Jobs with the same ``lock`` run one after another."""
    task.configure(connection=db.driver_connection(session), lock=lock).defer(**ids)


def defer_all(session: Session, some: Iterable[tuple[Task[Any, Any, Any], JSONDict]]) -> None:
    """Queue many jobs in the caller's transaction by one statement, which may go along with others
    (``db_rows.together``)."""
    values: list[Any] = []
    count = 0
    for task, ids in some:
        if task.queueing_lock is not None:
            raise ValueError("what waits only once is queued by defer_once")
        values += (task.queue, task.name, task.priority, task.lock, Jsonb(ids))
        count += 1
    if count:
        db_rows.write(session, partial(_queue_all, count), values, is_query=True)


@lru_cache(maxsize=100)
def _queue_all(count: int, first: int) -> str:
    """The library's own function, called without its objects: every application passes here."""
    rows = (
        "ROW(${}::varchar, ${}::varchar, ${}::integer, ${}::text, NULL, ${}::jsonb, NULL)::{}".format(
            *range(at, at + 5), "procrastinate_job_to_defer_v1"
        )
        for at in range(first, first + 5 * count, 5)
    )
    return f"SELECT procrastinate_defer_jobs_v1(ARRAY[{', '.join(rows)}])"


def defer_once(
    session: Session,
    task: Task[Any, Any, Any],
    *,
    queueing_lock: str,
    wait: timedelta | None = None,
    **ids: str | int,
) -> bool:
    """Queue a job, to begin when ``wait`` (real time) is over, unless one with the same lock already waits.

    False when it did. The transaction goes on either way.
    """
    at = None if wait is None else clock.real_now() + wait
    try:
        with session.begin_nested():
            # Asked for inside: the session sets its savepoint when the connection is first used within it.
            connection = db.driver_connection(session)
            task.configure(connection=connection, queueing_lock=queueing_lock, schedule_at=at).defer(**ids)
    except procrastinate.exceptions.AlreadyEnqueued:
        return False
    return True
