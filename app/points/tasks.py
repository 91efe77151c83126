"""The jobs of this floor. Arguments are ids; a job that fails loses nothing, because the order's state remembers."""

from __future__ import annotations

from uuid import UUID

import procrastinate
import structlog

from app import db, jobs, maintenance
from app.jobs import tasks
from app.points import call_backs, deliver, due, result_files
from app.points.check_log import check_and_record
from app.points.states import OrderState

QUEUE = "grants"
log = structlog.get_logger(__name__)
_RETRY = procrastinate.RetryStrategy(max_attempts=5, exponential_wait=5)


@tasks.task(name="points.send_grant_order", queue=QUEUE, retry=_RETRY)
def send_grant_order(policy_id: str, order_id: str) -> None:
    """Send one order; a second run finds it sent and does nothing."""
    if not _paused():
        deliver.send_order(policy_id, UUID(order_id))


@tasks.task(name="points.inquire_grant_order", queue=QUEUE)
def inquire_grant_order(policy_id: str, order_id: str) -> None:
    """Ask about one order; the next round comes by itself."""
    if not _paused():
        deliver.inquire_order(policy_id, UUID(order_id))


@tasks.periodic(cron="* * * * *")
@tasks.task(name="points.inquire_open_orders", queueing_lock="points.inquire_open_orders", queue=QUEUE)
def inquire_open_orders(timestamp: int) -> None:
    """Give every open order that fell due a job: sending for those never sent, asking for the others."""
    if _paused():
        return
    with db.transaction() as session:
        for policy_id, order_id, state in due.claim_due_orders(session):
            task = send_grant_order if state is OrderState.CREATED else inquire_grant_order
            # Once: where the worker is behind, each round would add a job for what still waits from the last.
            once = f"{task.name} {order_id}"
            jobs.defer_once(session, task, queueing_lock=once, policy_id=policy_id, order_id=str(order_id))


@tasks.periodic(cron="* * * * *")
@tasks.task(name="points.order_due_grants", queueing_lock="points.order_due_grants", queue=QUEUE)
def order_due_grants(timestamp: int) -> None:
    """Order the planned grants whose cooling-off is over."""
    if not _paused():
        due.order_due_grants()


def _paused() -> bool:
    """Maintenance may tell the workers to send nothing: what fell due waits, and is found when the window is over."""
    with db.reading() as session:
        return maintenance.orders_paused(session)


@tasks.periodic(cron="20 17 * * *")
@tasks.task(name="points.check_invariants", queueing_lock="points.check_invariants")
def check_invariants_nightly(timestamp: int) -> None:
    """Every night in Japan: counters, entries and orders must agree; each difference is an alarm in the log."""
    with db.transaction() as session:
        differences = check_and_record(session)
    for difference in differences:
        log.error("ledger invariant broken", difference=str(difference))
    if not differences:
        log.info("ledger invariants hold")


@tasks.task(name="points.book_result_file_rows", queue=QUEUE)
def book_result_file_rows(provider_id: str, sequence_no: int) -> None:
    """Book the rows of a file of results; a second run finds them booked. A pause leaves them to the next round."""
    if _paused():
        return
    result_files.book_result_file(provider_id, sequence_no)


@tasks.periodic(cron="*/5 * * * *")
@tasks.task(name="points.book_left_result_files", queueing_lock="points.book_left_result_files", queue=QUEUE)
def book_left_result_files(timestamp: int) -> None:
    """Files whose booking stopped half-way, or waited for the end of a pause, go on."""
    if _paused():
        return
    with db.reading() as session:
        left = result_files.unbooked_result_files(session)
    for provider_id, sequence_no in left:
        result_files.book_result_file(provider_id, sequence_no)


@tasks.periodic(cron="40 * * * *")
@tasks.task(name="points.forget_call_backs", queueing_lock="points.forget_call_backs")
def forget_call_backs(timestamp: int) -> None:
    """Ids of call-backs that are too old to be taken again are forgotten."""
    call_backs.forget_old_call_backs()
