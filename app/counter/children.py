"""A guardian with children at a counter: the own card first, then one visit for each child, one receipt each (4.2).

Every card is a visit of its own, so that every child begins with an empty form (BR-50). Only the guardian's reading
goes from one to the next, and it is gone with the last.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Session

from app import applications, cards, db, organisations, policies
from app.applications import AtCounter
from app.counter.call_next import NotCounterStaff, open_visit
from app.counter.models import CounterSession
from app.counter.states import CounterState
from app.counter.visit import FINISHED, VisitOver, live_visit, note, wipe
from app.errors import DomainError
from app.organisations import Role, SignedInStaff

NEXT_CARD = "next_card"
"""Ended because the guardian's next card is to be laid down; no ending for anybody."""


def guardian_was_read(session: Session, row: CounterSession, evidence_id: UUID) -> None:
    """The guardian's card is known: from here on a child's is waited for. E211 where the guardian is a child."""
    policy = policies.get(session, row.policy_id)
    evidence = cards.evidence_of(session, evidence_id)
    if policy is None or evidence is None:
        raise DomainError("E108")
    applications.check_guardian_may_apply(policy)
    _follow_up(session, row, evidence_id)


def next_child(staff: SignedInStaff, visit_id: UUID | None) -> UUID:
    """After a child's receipt: the next child of the same guardian. Raises ``NotCounterStaff``, ``VisitOver``, E804."""
    if Role.COUNTER not in staff.roles:
        raise NotCounterStaff
    with db.transaction() as session:
        row = live_visit(session, staff.terminal_id)
        if row is None or row.id != visit_id or row.state != CounterState.DONE or row.guardian_evidence_id is None:
            raise VisitOver
        return _follow_up(session, row, row.guardian_evidence_id)


def start_for_child(
    session: Session, row: CounterSession, child: cards.EvidenceView, at: AtCounter
) -> tuple[UUID, UUID]:
    """The child's empty draft and the guardian who applies. Raises as ``applications.start_for_child``."""
    policy = policies.get(session, row.policy_id)
    guardian = cards.evidence_of(session, row.guardian_evidence_id) if row.guardian_evidence_id else None
    if policy is None or guardian is None:
        raise DomainError("E108")
    return applications.start_for_child_at_counter(session, policy, guardian, child, at), guardian.person_id


def _follow_up(session: Session, row: CounterSession, guardian_evidence_id: UUID) -> UUID:
    terminal = organisations.get_terminal(session, row.terminal_id)
    if terminal is None:
        raise VisitOver
    staff_id, policy_id, ticket_id = row.staff_id, row.policy_id, row.ticket_id
    note(session, "counter.next_card", row)
    guardian = cards.evidence_of(session, guardian_evidence_id)
    by_face = guardian is not None and guardian.assurance == "staff"
    row.guardian_evidence_id = None  # it is not over for the guardian: nothing of the reading goes yet
    wipe(session, row, FINISHED if row.state == CounterState.DONE else NEXT_CARD)
    session.flush()
    return open_visit(
        session,
        terminal,
        staff_id,
        policy_id,
        ticket_id,
        # Staff who chose a card without PINs chose it for all cards of the family.
        purpose="touch" if by_face else "counter",
        for_child=True,
        guardian_evidence_id=guardian_evidence_id,
    )
