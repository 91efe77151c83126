"""The jobs as a worker runs them: against the real simulated provider, over HTTP, with its own database."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import text

from app import clock, db, jobs
from app.payments import gateways
from app.points import OrderState
from app.points.tasks import QUEUE, inquire_open_orders, order_due_grants
from app.provider_simulator import create_simulator
from app.settings import ProviderEndpoint
from tests.points.conftest import AMOUNT, approve, books_are_right, counters, orders_of
from tests.provider_simulator.serving import serving


@pytest.fixture
def simulated_provider(fresh_database_url: str) -> Iterator[str]:
    simulator = create_simulator(fresh_database_url, {"PRV-01": "token-of-one"})
    with serving(simulator) as address:
        gateways.register("PRV-01", gateways.RestGateway(ProviderEndpoint(url=address, token="token-of-one"), 0.5))
        yield address
    gateways.forget_all()
    simulator.extensions["store"].close()


def _work(database: str) -> None:
    """One round of a real worker: until no job is ready."""

    async def until_idle() -> None:
        worker = jobs.worker_app(database)
        async with worker.open_async():
            await worker.run_worker_async(
                queues=[QUEUE], wait=False, install_signal_handlers=False, listen_notify=False
            )

    asyncio.run(until_idle())


def _book(provider: str) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = httpx.get(f"{provider}/v1/book").json()["rows"]
    return rows


def test_a_worker_carries_an_order_to_the_provider_and_back(policy, database, simulated_provider, told):
    approved = approve(order=True)
    _work(database)
    (order,) = orders_of(approved)
    (done,) = _book(simulated_provider)
    assert order.state == OrderState.SUCCEEDED
    assert (done["order_id"], done["transaction_no"], done["amount"]) == (str(order.id), order.transaction_no, AMOUNT)
    assert counters().granted == AMOUNT
    assert books_are_right()


@pytest.mark.parametrize("kind", ["timeout_after_doing", "timeout_before_doing", "error_500"])
def test_whatever_the_provider_does_to_the_first_message_there_is_one_grant(
    policy, database, simulated_provider, told, kind
):
    httpx.post(f"{simulated_provider}/v1/faults", json={"kind": kind, "seconds": 0.6})
    approved = approve(order=True)
    _work(database)
    assert orders_of(approved)[0].state == OrderState.UNKNOWN
    with clock.frozen(clock.now() + timedelta(minutes=1)):
        inquire_open_orders(timestamp=0)
        _work(database)
    assert len(_book(simulated_provider)) == 1
    assert counters().granted == AMOUNT
    assert books_are_right()


def test_a_created_order_whose_job_was_lost_is_sent_after_all(policy, database, simulated_provider, told):
    approve(order=True)
    with db.transaction() as session:
        session.execute(text("DELETE FROM procrastinate_jobs"))
    with clock.frozen(clock.now() + timedelta(minutes=2)):
        inquire_open_orders(timestamp=0)
        _work(database)
    assert len(_book(simulated_provider)) == 1


def test_the_periodic_job_orders_and_the_worker_sends(policy, database, simulated_provider, told):
    approve()
    order_due_grants(timestamp=0)
    _work(database)
    assert len(_book(simulated_provider)) == 1
    assert counters().granted == AMOUNT
