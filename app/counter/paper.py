"""紙の申込: copied in afterwards by staff, it counts with the time of its ticket (domain.md 4.2).

Staff never type a service ID (K5), so a paper carries none: the person chooses the service later, with the card. What
is on a paper was checked by no machine, so another member of staff decides on it (evidence of assurance ``staff``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import applications, audit, cards, db, organisations, people, settings
from app.applications import AtCounter
from app.counter.call_next import NotCounterStaff
from app.counter.copied import FaceItems
from app.counter.models import QueueTicket
from app.counter.served import policy_served
from app.counter.tickets import TicketUsed, claim_ticket, use_ticket
from app.organisations import Role, SignedInStaff


class OwnPaper(Exception):
    """Four eyes: nobody enters their own application."""


class NoServiceLater(Exception):
    """The policy wants the service chosen at once, which no paper can do; the person comes with the ticket."""


@dataclass(frozen=True)
class TicketOnPaper:
    """What the ticket that is stapled to the paper says."""

    policy_id: str
    number: int
    day: date


def enter_paper(staff: SignedInStaff, entry_id: UUID, ticket: TicketOnPaper, items: FaceItems) -> str:
    """Copy a signed paper application in; returns its receipt number. The same ``entry_id`` again changes nothing.

    Raises ``NotCounterStaff``, ``LookupError`` for a ticket that is none, was used, or is of another municipality,
    policy or day, ``TicketUsed``, ``OwnPaper``, ``NoServiceLater``, E211 for a child, the policy's reason as of the
    ticket's time (E208, E209, E210), and as ``FaceItems.checked``.
    """
    if Role.COUNTER not in staff.roles:
        raise NotCounterStaff
    four = items.checked()
    with db.reading() as session:
        known = _entered_before(session, entry_id)
    if known is not None:
        return known

    def prepare(session: Session) -> tuple[UUID, UUID]:
        row = use_ticket(session, staff, ticket.policy_id, ticket.number, ticket.day)
        policy = policy_served(session, staff.municipality_code, ticket.policy_id)
        if not policy.document.assign_later:
            raise NoServiceLater
        if people.fingerprint_of(four) == organisations.own_fingerprint(session, staff.staff_id):
            raise OwnPaper
        evidence_id = cards.evidence_on_paper(session, settings.current(), policy.policy_id, four, staff.staff_id)
        evidence = cards.evidence_of(session, evidence_id)
        assert evidence is not None
        at = AtCounter(staff.staff_id, staff.terminal_id, row.issued_at)
        application_id = applications.start_on_paper(session, policy, evidence, at)
        claim_ticket(session, row.id, entry_id, application_id)
        _note(session, staff, row, application_id)
        return application_id, evidence.person_id

    try:
        return applications.submit_prepared(ticket.policy_id, prepare).receipt_no
    except (LookupError, TicketUsed):
        # The same entry, sent twice at once: the other one has used the ticket meanwhile.
        with db.reading() as session:
            known = _entered_before(session, entry_id)
        if known is None:
            raise
        return known


def _entered_before(session: Session, entry_id: UUID) -> str | None:
    claimed = select(QueueTicket).where(QueueTicket.claimed_by == entry_id)
    row = session.scalar(claimed)
    if row is None or row.application_id is None:
        return None
    return applications.receipt_no_of(session, row.policy_id, row.application_id)


def _note(session: Session, staff: SignedInStaff, row: QueueTicket, application_id: UUID) -> None:
    audit.record(
        session,
        "counter.paper_entered",
        actor_kind="staff",
        actor=staff.staff_id,
        policy_id=row.policy_id,
        object_kind="application",
        object_id=str(application_id),
        facts={"terminal": str(staff.terminal_id), "ticket": str(row.id)},
    )
