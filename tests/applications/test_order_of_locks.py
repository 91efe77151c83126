"""Batches over the same rows, in whatever order they name them, all finish; and nobody holds a policy while waiting.

Decision 0026: orders, grants, applications, links, and last the counters, each of them sorted.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import select, text

from app import applications, db, payments, policies
from app.applications.models import Application
from app.migrations.privileges import SERVICE_ROLE
from app.payments.gateways import GatewayAnswer
from app.points import Reported
from app.points.models import GrantOrder
from app.points.problems import Source
from app.points.take_result import Taken, take_results
from tests.applications.applicants import QR, applicant, by_receipt, counters, fill_in, open_policy
from tests.applications.applicants import apply as send_one
from tests.payments.samples import every_service

pytestmark = pytest.mark.usefixtures("installation")
PATIENCE = 20


@pytest.fixture
def ordered(database: str) -> list[GrantOrder]:
    """Eight grants whose orders are with the provider, in the order of their ids."""
    open_policy(capacity=20)
    for _ in range(8):
        send_one(applicant())
    with db.transaction() as session:
        session.execute(text("UPDATE grant_orders SET state = 'sent', sent_at = now()"))
    with db.reading() as session:
        rows = list(session.scalars(select(GrantOrder).order_by(GrantOrder.id)))
        session.expunge_all()
    return rows


def told(order: GrantOrder, *, failed: bool) -> Reported:
    answer = GatewayAnswer("failed", reason="closed") if failed else GatewayAnswer("succeeded", f"T-{order.id}")
    return Reported("PRV-01", order.policy_id, order.id, answer, Source.CALL_BACK)


def take(reports: Sequence[Reported]) -> list[Taken]:
    with db.transaction() as session:
        return take_results(session, reports)


def application_of(order: GrantOrder) -> UUID:
    with db.reading() as session:
        query = text("SELECT application_id FROM grants WHERE id = :id")
        return UUID(str(session.execute(query, {"id": order.grant_id}).scalar_one()))


@contextmanager
def waiting(database: str, act: Callable[[], Any]) -> Any:
    """Start it beside this test, and go on once it waits for a lock."""
    with ThreadPoolExecutor(1) as pool, psycopg.connect(owner(database), autocommit=True) as watch:
        done: Future[Any] = pool.submit(act)
        until = time.monotonic() + PATIENCE
        question = (
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        while not done.done() and time.monotonic() < until:
            row = watch.execute(question).fetchone()
            if row and row[0]:
                break
        assert not done.done(), "it was to wait"
        yield done


def owner(database: str) -> str:
    return database.replace(f"//{SERVICE_ROLE}@", "//todoke@")


def test_results_of_the_same_grants_in_opposite_order_are_both_taken(ordered: list[GrantOrder]) -> None:
    reports = [told(order, failed=number % 2 == 1) for number, order in enumerate(ordered)]
    start = threading.Barrier(2)

    def one(batch: list[Reported]) -> list[Taken]:
        start.wait(PATIENCE)
        return take(batch)

    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(one, [reports, reports[::-1]]))
    outcomes = {outcome for taken in both for outcome in taken}
    assert outcomes == {Taken.RECORDED, Taken.ALREADY_RECORDED}
    assert sum(taken.count(Taken.RECORDED) for taken in both) == len(ordered), "each once"
    assert (counters().granted, counters().committed) == (40_000, 40_000)


@pytest.mark.parametrize("first_fails", [True, False])
def test_while_a_batch_waits_for_an_application_it_does_not_hold_the_policy(
    database: str, ordered: list[GrantOrder], first_fails: bool
) -> None:
    """Whoever has the application may still take or give back a seat, as a withdrawal or a decision does."""
    *before, last = ordered
    reports = [told(order, failed=first_fails) for order in before] + [told(last, failed=not first_fails)]
    held = application_of(last)
    with db.transaction() as session:
        session.execute(select(Application).where(Application.id == held).with_for_update())
        with waiting(database, lambda: take(reports)) as taken:
            policies.counters.apply(session, "P-001", seats=1)
            policies.counters.apply(session, "P-001", seats=-1)
            session.commit()
            assert taken.result(PATIENCE) == [Taken.RECORDED] * len(ordered)


def test_service_ids_are_taken_in_one_order_whatever_the_batch_says(database: str) -> None:
    open_policy(capacity=20)
    service = next(one for one in every_service() if one.service_id == QR)
    by_index = sorted(
        (f"{number:013d}" for number in range(1, 3)), key=lambda account: payments.account_index(service, account)
    )
    smaller, larger = by_index
    first, second, third = (fill_in(applicant()) for _ in range(3))

    def wanted(application_id: UUID, account: str) -> payments.WantedLink:
        with db.reading() as session:
            person = session.scalars(select(Application.beneficiary_id).where(Application.id == application_id)).one()
        return payments.WantedLink(application_id, person, service, account, None)

    def bind(*links: payments.WantedLink) -> set[str]:
        with db.transaction() as session:
            made = payments.create_links(session, "P-001", links)
            return {type(link).__name__ for link in made.values()}

    batch = wanted(first, larger), wanted(second, smaller)
    with db.transaction() as session:
        payments.create_links(session, "P-001", [wanted(third, smaller)])
        with waiting(database, lambda: bind(*batch)) as bound:
            other = applicant()
            own = payments.WantedLink(fill_in(other), other.person_id, service, larger, None)
            assert bind(own) == {"PaymentLink"}, "the batch waits for the smaller ID and holds the larger one not yet"
            session.commit()
            assert bound.result(PATIENCE) == {"DomainError"}, "both IDs serve others by now"


def test_sent_together_while_another_holds_what_it_needs_half_of_them_are_sent_first(database: str) -> None:
    """A deadlock undoes the batch, not the applications: what the database refuses for now is sent in smaller parts."""
    open_policy(capacity=20)
    people = [applicant() for _ in range(4)]
    drafts = sorted((fill_in(who), who.person_id) for who in people)
    lock = "SELECT 1 FROM applications WHERE id = %s FOR UPDATE"
    with psycopg.connect(owner(database)) as other:
        other.execute("SET deadlock_timeout = '30s'")  # so that the batch is the one that is undone
        other.execute(lock, [drafts[-1][0]])
        with waiting(database, lambda: applications.submit_many("P-001", drafts)) as sent:
            other.execute(lock, [drafts[0][0]])
            other.commit()
            receipts = sent.result(PATIENCE)
    assert [type(one).__name__ for one in receipts] == ["Receipt"] * len(drafts)
    assert counters().seats_taken == len(drafts)
    assert all(by_receipt(one).state == "approved" for one in receipts if isinstance(one, applications.Receipt))
