"""整理券: given out when the counter closes and people still wait; its time counts, not that of the application."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import audit, clock, db, policies
from app.counter.models import QueueTicket
from app.counter.served import policy_served
from app.organisations import Role, SignedInStaff
from app.policies import PolicyView

MAX_NUMBER = 9_999
SHOWN = 50
USABLE_FOR = timedelta(days=31)
"""A ticket from longer ago is nobody's who waits: it must not open a policy that ended long since."""


class TicketRefused(Exception):
    """A ticket is given out by staff of the counter while the policy still takes applications."""


class TicketUsed(Exception):
    """The ticket has served somebody in the meantime; nothing was sent."""


class DayNeeded(LookupError):
    """Tickets of several days have this number: without the day, one of them might be somebody else's."""


@dataclass(frozen=True)
class TicketView:
    """A ticket as it is printed."""

    number: int
    policy_id: str
    policy_title: str
    issued_at: datetime
    is_used: bool

    @property
    def is_usable(self) -> bool:
        """Not used, and not from so long ago that nobody waits with it any more."""
        return not self.is_used and self.issued_at >= clock.now() - USABLE_FOR


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
    policy = policy_served(session, staff.municipality_code, policy_id)
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


def use_ticket(
    session: Session, staff: SignedInStaff, policy_id: str, number: int, day: date | None = None
) -> QueueTicket:
    """The unused ticket of this number, policy and day, locked. It stays usable until its application is in
    (``claim_ticket``).

    ``LookupError`` when there is none: never given out, of another municipality, policy or day, used, or too old.
    ``DayNeeded`` without a day, where tickets of several days have the number, used ones among them.
    """
    wanted = select(QueueTicket).where(
        QueueTicket.municipality_code == staff.municipality_code,
        QueueTicket.number == number,
        QueueTicket.policy_id == policy_id,
        QueueTicket.issued_at >= clock.now() - USABLE_FOR,
    )
    if day is not None:
        wanted = wanted.where(QueueTicket.day == day)
    rows = session.scalars(wanted.order_by(QueueTicket.day).limit(2).with_for_update()).all()
    if len(rows) > 1:
        raise DayNeeded
    if not rows or rows[0].used_at is not None:
        raise LookupError("no such ticket")
    return rows[0]


def claim_ticket(session: Session, ticket_id: UUID, claimed_by: UUID, application_id: UUID) -> None:
    """From here on the ticket is theirs alone, together with the application in whose transaction this is.

    A guardian's serves one child after the other. Raises ``TicketUsed`` when somebody else was first.
    """
    free = or_(QueueTicket.used_at.is_(None), QueueTicket.claimed_by == claimed_by)
    claim = (
        update(QueueTicket)
        .where(QueueTicket.id == ticket_id, free)
        .values(
            claimed_by=claimed_by,
            used_at=func.coalesce(QueueTicket.used_at, clock.now()),
            application_id=func.coalesce(QueueTicket.application_id, application_id),
        )
        .returning(QueueTicket.id)
    )
    if session.scalar(claim) is None:
        raise TicketUsed


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


def policies_with_tickets(session: Session, municipality_code: str) -> list[PolicyView]:
    """Those for which somebody holds a ticket that was not used yet."""
    waiting = select(QueueTicket.policy_id).where(
        QueueTicket.municipality_code == municipality_code,
        QueueTicket.used_at.is_(None),
        QueueTicket.issued_at >= clock.now() - USABLE_FOR,
    )
    found = (policies.get(session, policy_id) for policy_id in sorted(session.scalars(waiting.distinct())))
    return [policy for policy in found if policy is not None]
