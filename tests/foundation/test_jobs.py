"""Jobs are part of the transaction that queues them."""

from __future__ import annotations

from sqlalchemy import text

from app import db, jobs
from app.points.tasks import order_due_grants


def waiting() -> int:
    with db.reading() as session:
        return int(session.execute(text("SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo'")).scalar_one())


def test_a_job_that_waits_already_is_not_queued_again_and_the_transaction_goes_on(database: str) -> None:
    for expected in (True, False, False):
        with db.transaction() as session:
            assert jobs.defer_once(session, order_due_grants, queueing_lock="one", timestamp=0) is expected
            assert jobs.defer_once(session, order_due_grants, queueing_lock="other", timestamp=0) is expected
            session.execute(text("SELECT 1"))
    assert waiting() == 2


def test_a_rollback_takes_the_job_with_it(database: str) -> None:
    try:
        with db.transaction() as session:
            jobs.defer(session, order_due_grants, timestamp=0)
            raise LookupError
    except LookupError:
        pass
    assert waiting() == 0
