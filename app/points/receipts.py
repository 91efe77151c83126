"""受取操作: grants that are the person's only after an act at a terminal or counter, until a day (domain.md 5.10)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import audit, clock, events, payments, policies
from app.points.accounts import LedgerEvent
from app.points.happenings import ReceiptMissed
from app.points.ledger import Books
from app.points.models import Grant, GrantOrder
from app.points.states import GrantEvent, GrantState, grant_after
from app.policies import PolicyState

Receipt = Literal["received", "not_received"]
MAX_LISTED = 1_000
_STILL_TAKES_APPLICATIONS = (PolicyState.OPEN, PolicyState.FULL)
_TOLD = {"received": GrantState.RECEIVED, "not_received": GrantState.NOT_RECEIVED}


@dataclass(frozen=True)
class OpenReceipt:
    """A grant that the person has not received yet; ``amount`` in whole points, ``receive_by`` the last day."""

    policy_id: str
    application_id: UUID
    grant_id: UUID
    provider_id: str | None
    service_id: str | None
    amount: int
    receive_by: date


class DeadlineDays:
    """How many days each service leaves for its receipt action, read once."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._days: dict[str | None, int | None] = {}

    def of(self, service_id: str | None) -> int | None:
        """``None`` for a service that has no receipt action."""
        if service_id not in self._days:
            self._days[service_id] = payments.receive_deadline_days(self._session, service_id)
        return self._days[service_id]


def await_receipt(session: Session, grant: Grant, deadlines: DeadlineDays) -> None:
    """After the provider granted: where the service has a receipt action, it is the person's turn until a day.

    The service's number of days after the grant, and never later than the policy's ``receive_by``.
    """
    days = deadlines.of(grant.service_id)
    if days is None or grant.granted_at is None:
        return
    last = clock.local(grant.granted_at).date() + timedelta(days=days)
    window = policies.current_documents(session, [grant.policy_id])[grant.policy_id].window
    if window.receive_by is not None:
        last = min(last, clock.local(window.receive_by).date())
    grant.state = grant_after(GrantState(grant.state), GrantEvent.AWAIT_RECEIPT)
    grant.receive_by = datetime.combine(last, time(23, 59, 59), clock.TOKYO)


def is_agreed(grant: Grant, told: Receipt) -> bool | None:
    """True when this receipt is recorded already, None when it may be recorded now, False when it contradicts.

    Nobody has missed a deadline that is not over (E402).
    """
    if grant.state == _TOLD[told]:
        return True
    if grant.state != GrantState.AWAITING_RECEIPT or grant.receive_by is None:
        return False
    if told == "not_received" and clock.now() <= grant.receive_by:
        return False
    return None


def record_receipt(session: Session, books: Books, order: GrantOrder, grant: Grant, told: Receipt) -> None:
    """The person took the benefit, or did not until the last day: then GRANTED goes to EXPIRED.

    Where the policy recycles and still takes applications, amount and seat are free again, as with BR-49.
    """
    event = GrantEvent.RECEIVE if told == "received" else GrantEvent.MISS_RECEIPT
    grant.state = grant_after(GrantState(grant.state), event)
    audit.record(
        session,
        f"grant.{told}",
        actor_kind="provider" if order.provider_id else "staff",
        actor=order.provider_id,
        policy_id=order.policy_id,
        object_kind="grant_order",
        object_id=str(order.id),
        facts={"grant_id": str(grant.id), "amount": order.amount},
    )
    session.flush()
    if told == "received":
        return
    events.publish(session, ReceiptMissed(grant.policy_id, grant.application_id, grant.id, order.amount))
    names = {"application_id": grant.application_id, "person_id": grant.person_id}
    book = books.of(grant.policy_id)
    book.post(LedgerEvent.NOT_RECEIVED, order.amount, **names)
    if _recycles(session, grant):
        book.post(LedgerEvent.RECYCLE, order.amount, **names)
        books.free_seat(grant.policy_id)


def open_receipts(session: Session, *, until: date) -> list[OpenReceipt]:
    """What waits for its receipt action with a last day up to this one, the nearest first; at most a thousand."""
    end = datetime.combine(until, time(23, 59, 59), clock.TOKYO)
    rows = session.scalars(
        select(Grant)
        .where(Grant.state == GrantState.AWAITING_RECEIPT, Grant.receive_by <= end)
        .order_by(Grant.receive_by, Grant.id)
        .limit(MAX_LISTED)
    )
    return [
        OpenReceipt(
            row.policy_id,
            row.application_id,
            row.id,
            row.provider_id,
            row.service_id,
            row.amount,
            clock.local(row.receive_by).date(),
        )
        for row in rows
        if row.receive_by is not None
    ]


def receipts_ending_on(session: Session, day: date) -> list[tuple[str, UUID]]:
    """(policy, application) of every grant that waits for its receipt action with this last day."""
    begin = datetime.combine(day, time.min, clock.TOKYO)
    rows = session.execute(
        select(Grant.policy_id, Grant.application_id).where(
            Grant.state == GrantState.AWAITING_RECEIPT,
            Grant.receive_by >= begin,
            Grant.receive_by < begin + timedelta(days=1),
        )
    )
    return [(row.policy_id, row.application_id) for row in rows]


def _recycles(session: Session, grant: Grant) -> bool:
    """Never for one grant of several: the seat is one."""
    several = select(Grant.id).where(
        Grant.policy_id == grant.policy_id, Grant.application_id == grant.application_id, Grant.id != grant.id
    )
    policy = policies.get(session, grant.policy_id)
    if policy is None or session.scalar(several.limit(1)) is not None:
        return False
    return policy.document.recycle and policy.state in _STILL_TAKES_APPLICATIONS
