"""A funded rebate policy with its shops, people who take part, and reports of what they buy."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text

from app import clock, db, events, municipalities, payments, points, policies, rebates, shops
from app.payments import gateways
from app.payments.gateways import GatewayAnswer
from app.points.models import Grant, LedgerEntry
from app.rebates.handlers import register
from app.rebates.models import RebateEnrolment
from app.shops import Purpose
from tests.payments.samples import every_service, service_item
from tests.points.fake_provider import FakeProvider
from tests.policies.samples import item

POLICY, QR, OTHER_QR = "P-015", "SVC-QR-01", "SVC-QR-02"
PROVIDER, OTHER_PROVIDER = "PRV-01", "PRV-02"
SHOPS = "店舗番号,店舗名,所在地,店舗グループ\n001,みどり商店,大字緑1,\n002,みどり書店,大字緑2,\n"
NO_CAP = 1_000_000
_numbers = itertools.count(1)


def at(local: str) -> datetime:
    """A moment on a clock in Japan."""
    return datetime.fromisoformat(local + "+09:00")


MIDDLE = at("2026-11-10T12:00:00")
AFTER_THE_LAST_REPORT = at("2027-01-11T00:00:00")


def rebate_policy(*, with_shops: bool = True, **changes: Any) -> str:
    """P-015 with changes at dotted paths (``__`` for a dot), funded, and the list of its shops."""
    municipalities.configure(with_samples=True)
    document = item(POLICY, {key.replace("__", "."): value for key, value in changes.items()})
    with db.transaction() as session:
        payments.load_services(session, [service_item(each.service_id) for each in every_service()], "test")
        known = payments.known_service_ids(session)
        policies.load_policies(
            session,
            [document],
            source="test",
            known_services=known,
            services_with_spend_scope=known,
            services_with_rebate=known,
        )
        points.fund(session, POLICY, document["budget"])
    if with_shops:
        load_list(SHOPS)
    return POLICY


def load_list(content: str, purpose: Purpose = Purpose.EARN, policy_id: str = POLICY) -> shops.ShopListReport:
    path = Path("/tmp") / f"todoke-shops-{uuid4()}.csv"
    try:
        path.write_text(content, encoding="utf-8")
        return shops.load_shops(path, policy_id=policy_id, purpose=purpose, loaded_by="staff-1")
    finally:
        path.unlink()


@pytest.fixture
def service(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The handlers of rebates alone, since no application stands behind these enrolments.

    Whatever a test does, the books must agree after it.
    """
    monkeypatch.setattr(events, "_handlers", defaultdict(list))
    register()
    gateways.register("PRV-01", FakeProvider())
    yield
    gateways.forget_all()
    with db.reading() as session:
        assert points.check_invariants(session) == []
    municipalities.configure(with_samples=False)


@dataclass(frozen=True)
class Member:
    """Somebody whose application was approved."""

    application_id: UUID
    person_id: UUID
    account: str
    service_id: str = QR


def member(
    *, applied_at: datetime | None = None, active: bool = True, account: str | None = None, earlier: int = 0
) -> Member:
    """What sending and approving an application does for a rebate: link, enrolment, activation."""
    who = Member(uuid4(), uuid4(), account or f"{next(_numbers):013d}")
    with clock.frozen(applied_at or at("2026-11-01T09:00:00")), db.transaction() as session:
        policy = policies.get(session, POLICY)
        assert policy is not None
        payments.create_link(
            session,
            policy_id=POLICY,
            application_id=who.application_id,
            person_id=who.person_id,
            service=next(one for one in every_service() if one.service_id == QR),
            normalized=who.account,
            holder_masked=None,
        )
        rebates.enrol(
            session,
            document=policy.document,
            policy_version=policy.version,
            application_id=who.application_id,
            person_id=who.person_id,
            applied_at=clock.now(),
            received_earlier=earlier,
        )
    if active:
        with db.transaction() as session:
            rebates.activate(session, POLICY, who.application_id)
    return who


def purchase(who: Member, number: str, *amounts: int | tuple[str, int], **changes: Any) -> rebates.Report:
    """A report; amounts are yen, or a kind of goods and yen."""
    lines = tuple(rebates.Line("", one) if isinstance(one, int) else rebates.Line(*one) for one in amounts)
    usual: dict[str, Any] = {"kind": "purchase", "service_id": who.service_id, "shop_no": "001", "at": MIDDLE}
    return rebates.Report(transaction_no=number, account=who.account, lines=lines, **(usual | changes))


def refund(who: Member, number: str, of: str, *amounts: int | tuple[str, int], **changes: Any) -> rebates.Report:
    return purchase(who, number, *amounts, kind="refund", purchase_no=of, **changes)


def report(*reports: rebates.Report, provider_id: str = PROVIDER) -> list[str]:
    """Report, and give each outcome with its code."""
    answers = rebates.record_purchases(POLICY, provider_id, reports)
    return [str(answer.outcome) + (f" {answer.code}" if answer.code else "") for answer in answers]


def close(moment: datetime = AFTER_THE_LAST_REPORT) -> rebates.ClosingReport:
    with clock.frozen(moment):
        return rebates.close_due_periods()


def carry_out_grants(moment: datetime = AFTER_THE_LAST_REPORT, answer: GatewayAnswer | None = None) -> None:
    """Order every planned grant and have the provider report success, or the given answer."""
    from app.points.models import GrantOrder

    with clock.frozen(moment):
        points.order_due_grants()
        with db.transaction() as session:
            orders = list(session.scalars(select(GrantOrder).where(GrantOrder.state == "created")))
            for order in orders:
                order.state, order.sent_at = "sent", clock.now()
        for order in orders:
            with db.transaction() as session:
                told = answer or GatewayAnswer("succeeded", f"TX-{order.id}")
                points.record_result(session, POLICY, order.id, told)


def grants(who: Member) -> list[int]:
    with db.reading() as session:
        rows = select(Grant.amount).where(Grant.application_id == who.application_id).order_by(Grant.benefit_no)
        return list(session.scalars(rows))


def enrolment(who: Member) -> RebateEnrolment:
    with db.transaction() as session:
        return session.get_one(RebateEnrolment, (POLICY, who.application_id))


def held(who: Member) -> int:
    return enrolment(who).held


def balance(who: Member, account: points.Account) -> int:
    with db.reading() as session:
        return points.held_for(session, POLICY, who.application_id, account)


def ledger_events(who: Member) -> list[tuple[str, int]]:
    with db.reading() as session:
        rows = (
            select(LedgerEntry.event, LedgerEntry.amount)
            .where(LedgerEntry.application_id == who.application_id)
            .order_by(LedgerEntry.id)
        )
        return [(row.event, row.amount) for row in session.execute(rows)]


def counters() -> policies.Counters:
    with db.reading() as session:
        return policies.counters.read(session, POLICY)


def view(who: Member) -> rebates.RebateView:
    with db.reading() as session:
        found = rebates.rebate_of(session, POLICY, who.application_id)
        assert found is not None
        return found


def rows_in(table: str) -> int:
    with db.reading() as session:
        return int(session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


_WAITING = "SELECT id, task_name, args FROM procrastinate_jobs WHERE status = 'todo' AND task_name = ANY(:names)"
_TAKE = "DELETE FROM procrastinate_jobs WHERE id = ANY(:ids)"


def run_jobs(names: Sequence[str]) -> None:
    """Run the waiting jobs of these names, as a worker would."""
    from app.jobs import tasks

    with db.transaction() as session:
        waiting = session.execute(
            text(_WAITING),
            {"names": list(names)},
        ).all()
        session.execute(text(_TAKE), {"ids": [job.id for job in waiting]})
    for job in waiting:
        tasks.tasks[job.task_name].func(**job.args)
