"""紙の申込: copied in afterwards by staff, it counts with the time of its ticket or slip (domain.md 4.2).

Staff never type a service ID (K5), so a paper carries none: the person chooses the service later, with the card. What
is on a paper was checked by no machine, so another member of staff decides on it (evidence of assurance ``staff``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import applications, audit, cards, db, organisations, people, settings
from app.applications import AtCounter
from app.counter.call_next import NotCounterStaff
from app.counter.copied import FaceItems
from app.counter.models import QueueTicket
from app.counter.served import policy_served
from app.counter.slips import SlipOnPaper, check_slip, keep_slip, slip_entered
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


def enter_paper(staff: SignedInStaff, entry_id: UUID, proof: TicketOnPaper | SlipOnPaper, items: FaceItems) -> str:
    """Copy a signed paper application in; returns its receipt number. The same ``entry_id`` again changes nothing.

    ``proof`` of when it was handed in: a ticket of ours, or the time that staff wrote by hand while the terminal was
    away (E804). Raises ``SlipRefused`` for a time that cannot be, ``NotCounterStaff``, ``LookupError`` for a ticket
    that is none, was used, or is of another municipality, policy or day, ``TicketUsed``, ``OwnPaper``,
    ``NoServiceLater``, E211 for a child, the policy's reason as of that time (E208, E209, E210), and as
    ``FaceItems.checked``.
    """
    if Role.COUNTER not in staff.roles:
        raise NotCounterStaff
    four = items.checked()
    with db.reading() as session:
        known = _entered_before(session, staff, entry_id)
    if known is not None:
        return known

    def prepare(session: Session) -> tuple[UUID, UUID]:
        policy = policy_served(session, staff.municipality_code, proof.policy_id)
        ticket = None
        if isinstance(proof, TicketOnPaper):
            ticket = use_ticket(session, staff, proof.policy_id, proof.number, proof.day)
            at = AtCounter(staff.staff_id, staff.terminal_id, ticket.issued_at)
        else:
            check_slip(session, staff, policy, proof)
            at = AtCounter(staff.staff_id, staff.terminal_id, proof.written_at, proof.reason, proof.received_by)
        if not policy.document.assign_later:
            raise NoServiceLater
        if people.fingerprint_of(four) == organisations.own_fingerprint(session, staff.staff_id):
            raise OwnPaper
        evidence_id = cards.evidence_on_paper(session, settings.current(), policy.policy_id, four, staff.staff_id)
        evidence = cards.evidence_of(session, evidence_id)
        assert evidence is not None
        application_id = applications.start_on_paper(session, policy, evidence, at)
        if isinstance(proof, SlipOnPaper):
            keep_slip(session, entry_id, staff, proof, application_id)
            facts = {"written_at": proof.written_at.isoformat(), "reason": proof.reason, "by": proof.received_by}
        else:
            assert ticket is not None
            claim_ticket(session, ticket.id, entry_id, application_id)
            facts = {"ticket": str(ticket.id)}
        _note(session, staff, policy.policy_id, application_id, facts)
        return application_id, evidence.person_id

    try:
        return applications.submit_prepared(proof.policy_id, prepare).receipt_no
    except (LookupError, TicketUsed, IntegrityError):
        # The same entry, sent twice at once: the other one has used the ticket, or kept the slip, meanwhile.
        with db.reading() as session:
            known = _entered_before(session, staff, entry_id)
        if known is None:
            raise
        return known


def _entered_before(session: Session, staff: SignedInStaff, entry_id: UUID) -> str | None:
    slip = slip_entered(session, entry_id)
    if slip is not None and slip.municipality_code == staff.municipality_code:
        return applications.receipt_no_of(session, slip.policy_id, slip.application_id)
    claimed = select(QueueTicket).where(
        QueueTicket.claimed_by == entry_id, QueueTicket.municipality_code == staff.municipality_code
    )
    row = session.scalar(claimed)
    if row is None or row.application_id is None:
        return None
    return applications.receipt_no_of(session, row.policy_id, row.application_id)


def _note(session: Session, staff: SignedInStaff, policy_id: str, application_id: UUID, facts: dict[str, str]) -> None:
    audit.record(
        session,
        "counter.paper_entered",
        actor_kind="staff",
        actor=staff.staff_id,
        policy_id=policy_id,
        object_kind="application",
        object_id=str(application_id),
        facts={"terminal": str(staff.terminal_id), **facts},
    )
