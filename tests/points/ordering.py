"""Hands for the tests of grant orders: the newest order of an application, sent, asked about, answered."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import text

from app import clock, db, points
from app.audit import AuditEvent
from app.payments.gateways import GatewayAnswer
from app.points import (
    Recorded,
    inquire_order,
    record_result,
    send_order,
)
from app.points.inquiry_plan import ANSWER_WITHIN
from tests.points.conftest import POLICY, Approved, orders_of


def newest_order(approved: Approved) -> points.models.GrantOrder:
    return orders_of(approved)[-1]


def send(approved: Approved) -> None:
    send_order(POLICY, newest_order(approved).id)


def inquire(approved: Approved, after: timedelta = ANSWER_WITHIN) -> None:
    with clock.frozen(clock.now() + after):
        inquire_order(POLICY, newest_order(approved).id)


def record(approved: Approved, answer: GatewayAnswer) -> Recorded:
    with db.transaction() as session:
        return record_result(session, POLICY, newest_order(approved).id, answer)


def audited(action: str) -> int:
    with db.reading() as session:
        return session.query(AuditEvent).filter_by(action=action).count()


def jobs_of(task: str) -> int:
    with db.reading() as session:
        return session.execute(
            text("SELECT count(*) FROM procrastinate_jobs WHERE task_name = :t"), {"t": task}
        ).scalar_one()
