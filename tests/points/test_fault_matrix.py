"""Promises 2 and 10: whatever one provider does, by call and by file, both books agree at the end and nothing is twice.

todoke's interface and the provider run as two programs that speak HTTP, each with its own database.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import select

from app import clock, db, events, payments, points
from app.payments import gateways
from app.payments.gateways.file import FileRefused
from app.points import OrderState
from app.points.models import Grant, GrantOrder
from app.provider_simulator import create_simulator
from app.settings import ProviderEndpoint
from tests.provider_simulator.serving import serving
from tests.web.service import OTHER_SECRET, SECRET, Service, providers_json, running

POLICY, AMOUNT, COUNT = "P-001", 10_000, 4
TOKENS = {f"PRV-0{n}": f"token-{n}" for n in (1, 2, 3)}
PATIENCE = 0.4
ROUNDS = 12
ACCOUNTS = {"SVC-QR-01": "{:013}", "SVC-QR-02": "{:010}", "SVC-EM-01": "6{:015}"}


@dataclass
class World:
    """A provider and todoke, and what passes between them."""

    service: Service
    provider: str
    offset: timedelta = timedelta(0)

    def arm(self, operation: str, kind: str, count: int = 2) -> None:
        fault = {"operation": operation, "kind": kind, "count": count, "seconds": PATIENCE + 0.2}
        httpx.post(f"{self.provider}/v1/faults", json=fault).raise_for_status()

    def time_passes(self, time: timedelta) -> None:
        self.offset += time
        body = {"offset_seconds": self.offset.total_seconds()}
        httpx.post(f"{self.provider}/v1/clock", json=body).raise_for_status()

    def call_back(self) -> None:
        httpx.post(f"{self.provider}/v1/call-backs", timeout=30).raise_for_status()

    def book(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = httpx.get(f"{self.provider}/v1/book").json()["rows"]
        return rows

    def by_file(self, path: str, content: bytes = b"") -> httpx.Response:
        headers = {"Authorization": f"Bearer {TOKENS['PRV-03']}"}
        return httpx.request(
            "POST" if content or "?" in path else "GET", self.provider + path, content=content, headers=headers
        )


@pytest.fixture
def world(database: str, fresh_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with (
        running(database, tmp_path, monkeypatch, PROVIDERS=providers_json()) as service,
        serving(service.app) as todoke,
    ):
        events._handlers.clear()  # the applications behind these grants are not made here
        secrets = {"PRV-01": SECRET, "PRV-02": OTHER_SECRET}
        url = f"{todoke}/api/provider/v1/grant-results"
        simulator = create_simulator(fresh_database_url, TOKENS, call_back_url=url, call_back_secrets=secrets)
        with serving(simulator) as provider:
            for name in ("PRV-01", "PRV-02"):
                endpoint = ProviderEndpoint(url=provider, token=TOKENS[name])
                gateways.register(name, gateways.RestGateway(endpoint, PATIENCE))
            gateways.register_by_file("PRV-03")
            yield World(service, provider)
        simulator.extensions["store"].close()


def _approve(service_id: str) -> list[UUID]:
    """Orders for some people; their grants."""
    grants = []
    with db.reading() as session:
        service = payments.get_service(session, service_id)
    assert service is not None
    for number in range(1, COUNT + 1):
        with db.transaction() as session:
            who: Any = {"application_id": uuid4(), "person_id": uuid4()}
            account = ACCOUNTS[service_id].format(number)
            link = payments.create_link(
                session, policy_id=POLICY, service=service, normalized=account, holder_masked=None, **who
            )
            book = points.Book(session, POLICY)
            book.post(points.LedgerEvent.RESERVE, AMOUNT, **who)
            book.post(points.LedgerEvent.COMMIT, AMOUNT, **who)
            grant = points.plan_grant(
                session,
                policy_id=POLICY,
                link_id=link.id,
                service_id=service_id,
                provider_id=service.provider_id,
                amount=AMOUNT,
                order_at=clock.now(),
                **who,
            )
            points.order_grant(session, book, grant)
            book.close(seats=1)
            grants.append(grant.id)
    return grants


def _orders(*states: OrderState) -> list[GrantOrder]:
    query = select(GrantOrder).order_by(GrantOrder.id)
    with db.reading() as session:
        found = list(session.scalars(query.where(GrantOrder.state.in_(states)) if states else query))
        session.expunge_all()
        return found


def _live() -> list[GrantOrder]:
    return _orders(*points.states.LIVE_ORDER)


def _work_until_nothing_is_open(world: World) -> None:
    """What workers and clocks do in days, in some rounds."""
    started = clock.now()
    for number in range(ROUNDS):
        with clock.frozen(started + number * timedelta(hours=12)):
            for order in _orders(OrderState.CREATED):
                points.send_order(order.policy_id, order.id)
            world.call_back()
            for order in _live():
                points.inquire_order(order.policy_id, order.id)
        world.time_passes(timedelta(hours=12))
        if not _live():
            return
    raise AssertionError(f"still open: {[(order.state, order.inquiries) for order in _live()]}")


def _check_books(world: World, grants: list[UUID]) -> Counter[str]:
    """Both books say the same, no grant stands twice in the provider's, and ours hold together."""
    theirs = {UUID(row["order_id"]): (row["transaction_no"], row["amount"]) for row in world.book()}
    ours = {order.id: (order.transaction_no, order.amount) for order in _orders(OrderState.SUCCEEDED)}
    assert theirs == ours
    grant_of = {order.id: order.grant_id for order in _orders()}
    assert max(Counter(grant_of[order_id] for order_id in theirs).values(), default=0) <= 1
    with db.reading() as session:
        assert points.check_invariants(session, POLICY) == []
        granted = session.scalars(select(Grant).where(Grant.id.in_(grants))).all()
        states = Counter(grant.state for grant in granted)
        total = sum(grant.amount for grant in granted if grant.state in ("granted", "awaiting_receipt"))
    assert total == sum(row["amount"] for row in world.book())
    return states


def _put_aside() -> Counter[str]:
    with db.reading() as session:
        return Counter(str(row.code) for row in points.put_aside_results(session))


GRANTED, HALF_REFUSED = {"granted": COUNT}, {"granted": COUNT - 2, "planned": 2}
CALLS = [
    ("send", "delay_before", GRANTED),
    ("send", "delay_after", GRANTED),
    ("send", "error_500", GRANTED),
    ("send", "timeout_after_doing", GRANTED),
    ("send", "timeout_before_doing", GRANTED),
    ("send", "maintenance", GRANTED),
    ("send", "refuses_minor", HALF_REFUSED),
    ("send", "balance_cap", HALF_REFUSED),
    ("inquire", "error_500", GRANTED),
    ("inquire", "timeout_before_doing", GRANTED),
    ("close", "timeout_after_doing", GRANTED),
    ("close", "error_500", GRANTED),
    ("call_back", "duplicate", GRANTED),
    ("call_back", "out_of_order", GRANTED),
    ("call_back", "contradictory", GRANTED),
    ("call_back", "forged", GRANTED),
    ("call_back", "late", GRANTED),
    ("call_back", "lost", GRANTED),
]


@pytest.mark.parametrize(
    "service_id",
    [pytest.param("SVC-QR-01", id="at-once"), pytest.param("SVC-QR-02", id="next-day", marks=pytest.mark.full)],
)
@pytest.mark.parametrize(("operation", "kind", "expected"), CALLS, ids=[f"{o}-{k}" for o, k, _ in CALLS])
def test_promise_2_by_call_the_books_agree_whatever_goes_wrong(
    world: World, operation: str, kind: str, expected: dict[str, int], service_id: str
) -> None:
    world.arm(operation, kind)
    if operation == "close":  # only an order that never arrived is ruled out
        world.arm("send", "timeout_before_doing")
    grants = _approve(service_id)
    _work_until_nothing_is_open(world)
    assert _check_books(world, grants) == expected
    contradicted = 2 if kind == "contradictory" and service_id == "SVC-QR-02" else 0
    assert _put_aside() == ({"E704": contradicted} if contradicted else {})


def test_without_the_guard_a_time_out_would_be_paid_twice(world: World) -> None:
    """The control: the same fault, and a sender that repeats under a new id. The check above must see it."""
    world.arm("send", "timeout_after_doing", count=1)
    (grant_id, *_) = grants = _approve("SVC-QR-01")
    first = next(order for order in _orders() if order.grant_id == grant_id)
    points.send_order(POLICY, first.id)
    gateways.for_provider("PRV-01").send(
        gateways.GrantInstruction(uuid4(), first.service_id, ACCOUNTS["SVC-QR-01"].format(1), first.amount, POLICY)
    )
    _work_until_nothing_is_open(world)
    with pytest.raises(AssertionError):
        _check_books(world, grants)


AT_THE_TERMINAL = {"awaiting_receipt": COUNT}
"""SVC-EM-01: credited by the provider, and taken by the resident at a terminal."""
FILES = [
    ("grant_file", "lost", AT_THE_TERMINAL),
    ("grant_file", "maintenance", AT_THE_TERMINAL),
    ("grant_file", "refuses_minor", {"planned": COUNT}),
    ("grant_file", "balance_cap", {"planned": COUNT}),
    ("result_file", "lost", AT_THE_TERMINAL),
    ("result_file", "duplicate", AT_THE_TERMINAL),
    ("result_file", "contradictory", AT_THE_TERMINAL),
    ("result_file", "wrong_total", AT_THE_TERMINAL),
    ("result_file", "partial", AT_THE_TERMINAL),
]


@pytest.mark.parametrize("encoding", ["utf-8", pytest.param("cp932", marks=pytest.mark.full)])
@pytest.mark.parametrize(("operation", "kind", "expected"), FILES, ids=[f"{o}-{k}" for o, k, _ in FILES])
def test_promise_2_by_file_the_books_agree_whatever_goes_wrong(
    world: World, operation: str, kind: str, expected: dict[str, int], encoding: str
) -> None:
    world.arm(operation, kind, count=1)
    grants = _approve("SVC-EM-01")
    for order in _orders():
        points.send_order(order.policy_id, order.id)
    assert {order.state for order in _orders()} == {OrderState.CREATED}, "an order by file waits for the file"
    _exchange(world, encoding)
    assert _check_books(world, grants) == expected
    assert _put_aside() == ({"E704": COUNT} if kind == "contradictory" else {})
    with db.reading() as session:
        (status,) = points.grant_file_statuses(session)
    assert status.state == "complete"


def _exchange(world: World, encoding: str) -> None:
    """What an operator does by the runbook until every order is answered."""
    file = points.export_grant_file("PRV-03")
    assert file is not None
    assert points.export_grant_file("PRV-03") is None
    refused, expected_no = 0, 1
    for _ in range(5):
        if world.by_file("/v1/grant-files", points.grant_file_again("PRV-03", file.sequence_no).content).is_error:
            continue
        world.time_passes(timedelta(days=3))
        answer = world.by_file(f"/v1/result-files/{file.sequence_no}?encoding={encoding}")
        if answer.status_code == 404:
            continue
        if answer.status_code == 204:
            answer = world.by_file(f"/v1/result-files/{expected_no}")
        try:
            taken = points.take_result_file("PRV-03", answer.content)
        except FileRefused as fault:
            assert [f.code for f in fault.faults] == ["E705"]
            assert {order.state for order in _orders()} == {OrderState.SENT}, "all or nothing"
            refused += 1
            continue
        expected_no += 1
        points.book_result_file("PRV-03", taken.sequence_no)
        assert points.take_result_file("PRV-03", answer.content).already
        assert points.book_result_file("PRV-03", taken.sequence_no) == {}
        if not _live():
            return
    raise AssertionError(f"still open: {[order.state for order in _live()]}")
