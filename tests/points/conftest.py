"""One funded policy, people who were approved for it, and a payment provider in memory."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from typing import Any
from uuid import UUID, uuid4

import pytest

from app import clock, db, events, municipalities, payments, points, policies
from app.payments import gateways
from app.points.models import Grant, GrantOrder
from tests.payments.samples import service, service_item
from tests.points.fake_provider import FakeProvider

POLICY = "P-001"
AMOUNT = 10_000
BUDGET = 100_000


def sample_policy(**changes: object) -> dict[str, Any]:
    text = resources.files("app.sample_data").joinpath("sample_policies.json").read_text("utf-8")
    (item,) = [item for item in json.loads(text) if item["policy_id"] == POLICY]
    return item | changes


@pytest.fixture
def policy(database: str) -> str:
    """P-001 with a budget of ten benefits."""
    municipalities.configure(with_samples=True)
    with db.transaction() as session:
        payments.load_services(
            session, [service_item(s) for s in ("SVC-QR-01", "SVC-QR-02", "SVC-EM-01", "SVC-EM-02")], "t"
        )
        known = payments.known_service_ids(session)
        policies.load_policies(session, [sample_policy(capacity=10)], source="t", known_services=known)
        points.fund(session, POLICY, BUDGET)
    return POLICY


@pytest.fixture
def provider() -> Iterator[FakeProvider]:
    """The provider of SVC-QR-01."""
    fake = FakeProvider()
    gateways.register("PRV-01", fake)
    yield fake
    gateways.forget_all()


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[events.Event]:
    """The events that were published."""
    heard: list[events.Event] = []
    monkeypatch.setattr(events, "_handlers", defaultdict(list))
    for kind in (points.GrantSucceeded, points.GrantFailed):
        events.subscribe(kind, lambda session, event: heard.append(event))
    return heard


@dataclass(frozen=True)
class Approved:
    """An approved application with its planned grant."""

    application_id: UUID
    grant_id: UUID


def approve(account: str = "1234567890123", *, order: bool = False) -> Approved:
    """What a submit does for an application that passes: reserve, commit, link, plan, and with it the order."""
    application_id, person_id = uuid4(), uuid4()
    with db.transaction() as session:
        link = payments.create_link(
            session,
            policy_id=POLICY,
            application_id=application_id,
            person_id=person_id,
            service=service(),
            normalized=account,
            holder_masked=None,
        )
        book = points.Book(session, POLICY)
        who = {"application_id": application_id, "person_id": person_id}
        book.post(points.LedgerEvent.RESERVE, AMOUNT, **who)
        book.post(points.LedgerEvent.COMMIT, AMOUNT, **who)
        grant = points.plan_grant(
            session,
            policy_id=POLICY,
            application_id=application_id,
            person_id=person_id,
            link_id=link.id,
            service_id="SVC-QR-01",
            provider_id="PRV-01",
            amount=AMOUNT,
            order_at=clock.now(),
        )
        if order:
            points.order_grant(session, book, grant)
        book.close(seats=1)
        return Approved(application_id, grant.id)


def orders_of(approved: Approved) -> list[GrantOrder]:
    with db.transaction() as session:
        return list(
            session.query(GrantOrder)
            .filter_by(policy_id=POLICY, grant_id=approved.grant_id)
            .order_by(GrantOrder.attempt)
        )


def grant(approved: Approved) -> Grant:
    with db.transaction() as session:
        return session.get_one(Grant, (POLICY, approved.grant_id))


def counters() -> policies.Counters:
    with db.reading() as session:
        return policies.counters.read(session, POLICY)


def books_are_right() -> bool:
    with db.reading() as session:
        return points.check_invariants(session) == []


@pytest.fixture
def ordered(policy, provider, told) -> Approved:
    """An approved application whose order was just made."""
    return approve(order=True)
