"""Reads of grants for pages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Integer, case, cast, func, select, tuple_
from sqlalchemy.orm import Session

from app import clock, payments
from app.points.models import Grant, GrantOrder
from app.points.states import IN_PROVIDERS_HANDS, GrantState, OrderState

REASONS = {
    "account_closed": "決済サービスの口座が使えない状態でした",
    "balance_cap": "残高の上限を超えるため",
    "minor": "決済サービスの年齢の条件に合わないため",
    "not_received": "決済事業者に届きませんでした",
}
REASON_UNNAMED = "決済事業者で処理できませんでした"


@dataclass(frozen=True)
class GrantView:
    """One grant with its latest order, as the status page needs it; ``amount`` in whole points."""

    grant_id: UUID
    benefit_no: int
    state: GrantState
    amount: int
    link_id: UUID | None
    service_id: str | None
    last4: str | None
    order_at: datetime | None
    ordered_at: datetime | None
    granted_at: datetime | None
    receive_by: datetime | None
    order_id: UUID | None
    order_state: OrderState | None
    attempt: int
    transaction_no: str | None
    reason: str | None
    by_staff: bool = False
    """Staff hand it over themselves: no provider has a part in it."""


def grants_of(session: Session, policy_id: str, application_id: UUID) -> list[GrantView]:
    """The grants of one application, by benefit number."""
    grants = session.scalars(
        select(Grant)
        .where(Grant.policy_id == policy_id, Grant.application_id == application_id)
        .order_by(Grant.benefit_no)
    ).all()
    latest: dict[UUID, GrantOrder] = {}
    for order in session.scalars(
        select(GrantOrder)
        .where(GrantOrder.policy_id == policy_id, GrantOrder.grant_id.in_([grant.id for grant in grants]))
        .order_by(GrantOrder.attempt)
    ):
        latest[order.grant_id] = order
    links = payments.link_views(session, policy_id, [grant.link_id for grant in grants if grant.link_id])
    return [_view(grant, latest.get(grant.id), links) for grant in grants]


def grant_totals(session: Session, policy_id: str) -> dict[UUID, tuple[int, int]]:
    """For each application of a policy the points of all its grants, and of those that are not ordered now."""
    planned = case((Grant.state == GrantState.PLANNED, Grant.amount), else_=0)
    rows = session.execute(
        select(Grant.application_id, func.sum(Grant.amount), func.sum(planned))
        .where(Grant.policy_id == policy_id)
        .group_by(Grant.application_id)
    )
    return {application_id: (int(total), int(open_)) for application_id, total, open_ in rows}


def granted_days(session: Session, policy_id: str) -> dict[UUID, datetime]:
    """When each application of a policy was granted last; who has no grant is not in it."""
    rows = session.execute(
        select(Grant.application_id, func.max(Grant.granted_at))
        .where(Grant.policy_id == policy_id, Grant.granted_at.is_not(None))
        .group_by(Grant.application_id)
    )
    return {application_id: at for application_id, at in rows if at is not None}


def received_by_year(session: Session, applications: Iterable[tuple[str, UUID]]) -> dict[int, int]:
    """Points granted by these applications (policy, id), by the year in Japan of the grant (BR-48).

    What was taken back in full, or not received in time, is not counted.
    """
    year = cast(func.extract("year", func.timezone(clock.TOKYO.key, Grant.granted_at)), Integer)
    rows = session.execute(
        select(year, func.sum(Grant.amount))
        .where(
            tuple_(Grant.policy_id, Grant.application_id).in_(list(applications)),
            Grant.granted_at.is_not(None),
            Grant.state.not_in((GrantState.PLANNED, GrantState.REVERSED, GrantState.NOT_RECEIVED)),
        )
        .group_by(year)
        .order_by(year.desc())
    )
    return {int(one): int(points) for one, points in rows}


def next_benefit_no(session: Session, policy_id: str, application_id: UUID) -> int:
    """The number of the application's next grant; the caller holds a lock that keeps others from asking."""
    highest = select(func.max(Grant.benefit_no)).where(
        Grant.policy_id == policy_id, Grant.application_id == application_id
    )
    return (session.scalar(highest) or 0) + 1


def reason_in_words(reason: str | None) -> str:
    """A provider's reason code for the person (E401)."""
    return REASONS.get(reason or "", REASON_UNNAMED)


def _view(grant: Grant, order: GrantOrder | None, links: dict[UUID, payments.LinkView]) -> GrantView:
    link = links.get(grant.link_id) if grant.link_id else None
    return GrantView(
        grant_id=grant.id,
        benefit_no=grant.benefit_no,
        state=GrantState(grant.state),
        amount=grant.amount,
        link_id=grant.link_id,
        service_id=grant.service_id,
        last4=link.last4 if link else None,
        order_at=grant.order_at,
        ordered_at=order.created_at if order else None,
        granted_at=grant.granted_at,
        receive_by=grant.receive_by,
        order_id=order.id if order else None,
        order_state=OrderState(order.state) if order else None,
        attempt=order.attempt if order else 0,
        transaction_no=order.transaction_no if order else None,
        reason=order.reason if order else None,
        by_staff=grant.service_id is not None and grant.provider_id is None,
    )


GRANTED_STATES = frozenset(
    state.value for state in GrantState if state not in (GrantState.PLANNED, GrantState.REVERSED)
)


def granted_applications(session: Session, policy_id: str, applications: Iterable[UUID]) -> frozenset[UUID]:
    """Which of these applications of a policy have a grant that is ordered or done, and not taken back in full."""
    query = select(Grant.application_id).where(
        Grant.policy_id == policy_id,
        Grant.application_id.in_(list(applications)),
        Grant.state.in_(GRANTED_STATES),
    )
    return frozenset(session.scalars(query))


MAX_WAITING_LISTED = 1_000


@dataclass(frozen=True)
class WaitingOrder:
    """An order without a final answer, for staff; ``amount`` in whole points."""

    policy_id: str
    order_id: UUID
    provider_id: str | None
    state: OrderState
    sent_at: datetime
    inquiries: int
    amount: int


def waiting_orders(session: Session, *, sent_before: datetime) -> list[WaitingOrder]:
    """Orders in a provider's hands that were sent before this instant, oldest first; at most a thousand."""
    orders = session.scalars(
        select(GrantOrder)
        .where(GrantOrder.state.in_(IN_PROVIDERS_HANDS), GrantOrder.sent_at <= sent_before)
        .order_by(GrantOrder.sent_at)
        .limit(MAX_WAITING_LISTED)
    )
    return [
        WaitingOrder(o.policy_id, o.id, o.provider_id, OrderState(o.state), o.sent_at, o.inquiries, o.amount)
        for o in orders
        if o.sent_at is not None
    ]
