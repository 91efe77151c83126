"""整理券: given out when the counter closes and people still wait; its time counts, not that of the application."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import audit, clock, db, policies
from app.counter.models import QueueTicket
from app.organisations import Role, SignedInStaff

MAX_NUMBER = 9_999
SHOWN = 50


class TicketRefused(Exception):
    """A ticket is given out by staff of the counter while the policy still takes applications."""


@dataclass(frozen=True)
class TicketView:
    """A ticket as it is printed."""

    number: int
    policy_id: str
    policy_title: str
    issued_at: datetime
    is_used: bool


def issue_ticket(staff: SignedInStaff, policy_id: str) -> TicketView:
    """The next number of the day. Raises ``TicketRefused``, the policy's reason, ``LookupError``."""
    if Role.COUNTER not in staff.roles:
        raise TicketRefused
    for _ in range(5):
        try:
            with db.transaction() as session:
                return _issue(session, staff, policy_id)
        except IntegrityError:
            continue  # a colleague gave out the same number at the same moment
    raise TicketRefused


def _issue(session: Session, staff: SignedInStaff, policy_id: str) -> TicketView:
    policy = policies.get(session, policy_id)
    if policy is None:
        raise LookupError("no such policy")
    if policy.refusal is not None:
        raise policy.refusal
    today = clock.today()
    last = select(func.max(QueueTicket.number)).where(
        QueueTicket.municipality_code == staff.municipality_code, QueueTicket.day == today
    )
    row = QueueTicket(
        municipality_code=staff.municipality_code,
        day=today,
        number=(session.scalar(last) or 0) + 1,
        policy_id=policy_id,
        terminal_id=staff.terminal_id,
        staff_id=staff.staff_id,
        issued_at=clock.now(),
    )
    session.add(row)
    session.flush()
    audit.record(
        session,
        "counter.ticket_issued",
        actor_kind="staff",
        actor=staff.staff_id,
        policy_id=policy_id,
        object_kind="queue_ticket",
        object_id=str(row.id),
        facts={"number": row.number},
    )
    return TicketView(row.number, policy_id, policy.document.title, row.issued_at, is_used=False)


def use_ticket(session: Session, staff: SignedInStaff, policy_id: str, number: int) -> QueueTicket:
    """The newest unused ticket of this number and policy; it stays usable until its application is in.

    ``LookupError`` when there is none.
    """
    row = session.scalar(
        select(QueueTicket)
        .where(
            QueueTicket.municipality_code == staff.municipality_code,
            QueueTicket.number == number,
            QueueTicket.policy_id == policy_id,
            QueueTicket.used_at.is_(None),
        )
        .order_by(QueueTicket.day.desc())
        .limit(1)
        .with_for_update()
    )
    if row is None:
        raise LookupError("no such ticket")
    return row


def tickets_of(session: Session, municipality_code: str) -> list[TicketView]:
    """The latest tickets, those not used first."""
    rows = session.scalars(
        select(QueueTicket)
        .where(QueueTicket.municipality_code == municipality_code)
        .order_by(QueueTicket.used_at.is_not(None), QueueTicket.issued_at.desc())
        .limit(SHOWN)
    )
    views = []
    for row in rows:
        policy = policies.get(session, row.policy_id)
        title = policy.document.title if policy else row.policy_id
        views.append(TicketView(row.number, row.policy_id, title, row.issued_at, row.used_at is not None))
    return views
