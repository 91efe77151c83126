"""申込済みの方が決済サービスを選ぶ: somebody who applied on paper, or left the choice for later, comes to the counter.

The card is read as for any visit; then staff find the application that was sent, by its receipt number or its ticket.
What the resident chooses is kept in the visit alone, and becomes the application's with the second tap.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import applications, audit, cards, clock, db, organisations, payments, policies
from app.applications import Choice, Sent
from app.cards import EvidenceView, SessionView
from app.counter.models import CounterSession, QueueTicket
from app.counter.states import CounterEvent, CounterState
from app.counter.visit import HOLD_SECONDS, VisitOver, advance, live_visit, note, open_card_session
from app.errors import DomainError
from app.organisations import SignedInStaff
from app.payments import HolderCheckResult, Offer, ServiceDocument
from app.people.ages import law_age
from app.pii import Private, vault
from app.policies import PolicyView

CHOOSE = "choose"


@dataclass(frozen=True)
class Choosing:
    """What a page of such a visit is made of; ``came_at`` plays no part: a later choice has its own days (BR-12)."""

    policy: PolicyView
    evidence: EvidenceView
    sent: Sent
    offers: list[Offer]
    service: ServiceDocument | None
    last4: str | None
    holder_masked: str | None


def is_looking_for_application(row: CounterSession) -> bool:
    """Whether the card is known and staff look for what its holder has sent."""
    return row.state == CounterState.CARD_BOUND and row.card_purpose == "hold"


def begin_finding(
    session: Session, row: CounterSession, seen: SessionView, evidence: EvidenceView, agent_id: UUID | None
) -> None:
    """The card is known; it stays where it is while staff look for the application."""
    row.person_id, row.evidence_id, row.seen_key = evidence.person_id, evidence.id, seen.seen_key
    row.touched_at = clock.real_now()
    if row.state == CounterState.STAFF_IN:
        advance(row, CounterEvent.TAP)
    open_card_session(session, row, agent_id, "hold", HOLD_SECONDS)
    note(session, "counter.card_known", row)


def find_application(
    staff: SignedInStaff,
    visit_id: UUID | None,
    *,
    receipt_no: str | None = None,
    ticket: tuple[int, date] | None = None,
) -> None:
    """Staff say which application it is; from here on the resident chooses the service for it.

    Raises ``VisitOver``, and as ``applications.find_sent``: ``LookupError`` for what this visit has nothing to do with,
    ``NotTheSame`` with the items that differ, E206, E313, E405. Looking is on the audit, found or not.
    """
    problem: Exception | None = None
    with db.transaction() as session:
        row = _finding(session, staff, visit_id)
        evidence = cards.evidence_of(session, row.evidence_id) if row.evidence_id else None
        if evidence is None:
            raise VisitOver
        try:
            number = receipt_no if ticket is None else _receipt_of_ticket(session, staff, *ticket)
            sent = applications.find_sent(session, number or "", evidence)
            if sent.policy_id != row.policy_id:
                raise LookupError("of another policy")
        except (LookupError, DomainError, applications.NotTheSame) as found_not:
            problem = found_not
        else:
            row.errand, row.application_id, row.touched_at = CHOOSE, sent.application_id, clock.real_now()
            advance(row, CounterEvent.PIN_OK)
        audit.record(
            session,
            "counter.application_found" if problem is None else "counter.application_not_found",
            actor_kind="staff",
            actor=staff.staff_id,
            policy_id=row.policy_id,
            object_kind="counter_session",
            object_id=str(row.id),
            facts={"terminal": str(row.terminal_id), "differs": ",".join(getattr(problem, "items", ()))},
        )
    if problem is not None:
        raise problem


def _finding(session: Session, staff: SignedInStaff, visit_id: UUID | None) -> CounterSession:
    row = live_visit(session, staff.terminal_id)
    if row is None or row.id != visit_id or not is_looking_for_application(row):
        raise VisitOver
    return row


def _receipt_of_ticket(session: Session, staff: SignedInStaff, number: int, day: date) -> str | None:
    wanted = select(QueueTicket).where(
        QueueTicket.municipality_code == staff.municipality_code, QueueTicket.number == number, QueueTicket.day == day
    )
    found = session.scalar(wanted)
    if found is None or found.application_id is None:
        return None
    return applications.receipt_no_of(session, found.policy_id, found.application_id)


# --- the resident's acts --------------------------------------------------------------------------------------------


def choosing_of(session: Session, row: CounterSession) -> Choosing:
    """What the present page shows. Raises ``VisitOver``, and E313 or E405 when nothing can be chosen any more."""
    policy = policies.get(session, row.policy_id)
    evidence = cards.evidence_of(session, row.evidence_id) if row.evidence_id else None
    if policy is None or evidence is None or row.application_id is None or row.errand != CHOOSE:
        raise VisitOver
    number = applications.receipt_no_of(session, row.policy_id, row.application_id)
    try:
        sent = applications.find_sent(session, number or "", evidence)
    except (LookupError, applications.NotTheSame):
        raise VisitOver from None
    age = law_age(evidence.birth_date, clock.now()) if evidence.birth_date else None
    return Choosing(
        policy=policy,
        evidence=evidence,
        sent=sent,
        offers=applications.offers_at_counter(session, row.policy_id, row.application_id, age),
        service=payments.get_service(session, row.chosen_service) if row.chosen_service else None,
        last4=row.chosen_last4,
        holder_masked=row.chosen_holder,
    )


def choose_for_sent(session: Session, row: CounterSession, service_id: str) -> None:
    """One of the services that may be chosen now. Raises the reason why not, ``LookupError``, ``VisitOver``."""
    for offer in choosing_of(session, row).offers:
        if offer.service.service_id == service_id:
            if offer.closed is not None:
                raise offer.closed
            forget_choice(row)
            row.chosen_service = service_id
            return
    raise LookupError("not a service of this policy")


def keep_choice(row: CounterSession, normalized: str, holder: HolderCheckResult) -> None:
    """Keep the checked ID, encrypted, until the second tap. Raises E307 for one that nobody confirmed."""
    if holder.state != "verified":
        raise DomainError("E307", variant="no_answer")
    row.chosen_account_enc = vault().encrypt(Private(normalized), _context(row))
    row.chosen_last4, row.chosen_holder = payments.last4(normalized), holder.holder_masked


def forget_choice(row: CounterSession) -> None:
    """Back to the choice of the service; what was typed is forgotten."""
    row.chosen_service = row.chosen_account_enc = row.chosen_last4 = row.chosen_holder = None


def digest_of_choice(row: CounterSession) -> str:
    """What was read back, as one value."""
    shown = (str(row.application_id), row.chosen_service, (row.chosen_account_enc or b"").hex())
    return hashlib.sha256(repr(shown).encode()).hexdigest()[:32]


def chosen_account(row: CounterSession) -> Choice:
    """What the second tap confirmed, if it is what was read back; E504 otherwise."""
    if row.chosen_service is None or row.chosen_account_enc is None or row.read_back_digest != digest_of_choice(row):
        raise DomainError("E504", step="内容の確認")
    normalized = vault().decrypt(row.chosen_account_enc, _context(row)).reveal()
    return Choice(row.chosen_service, normalized, HolderCheckResult("verified", row.chosen_holder))


def _context(row: CounterSession) -> str:
    return f"counter_sessions.chosen_account:{row.id}"


def agent_of(session: Session, row: CounterSession) -> UUID | None:
    """The reader of the visit's terminal. Raises ``VisitOver`` when the terminal is closed."""
    terminal = organisations.get_terminal(session, row.terminal_id)
    if terminal is None:
        raise VisitOver
    return terminal.agent_id
