"""What staff looked for is somebody else's, or there is nothing: the card's holder applies here and now."""

from __future__ import annotations

from uuid import UUID

from app import cards, db, policies
from app.counter.call_next import NotCounterStaff
from app.counter.choosing import is_looking_for_application
from app.counter.follow import bind_draft, turn_away
from app.counter.visit import VisitOver, card_session_of, live_visit, note
from app.errors import DomainError
from app.organisations import Role, SignedInStaff


def apply_instead(staff: SignedInStaff, visit_id: UUID | None) -> None:
    """Go on as for anybody who applies; somebody alike with a paper stays a suspicion that others look at (BR-14).

    Who can't apply here and now is turned away (the page says why). Raises ``NotCounterStaff``, ``VisitOver``.
    """
    if Role.COUNTER not in staff.roles:
        raise NotCounterStaff
    with db.transaction() as session:
        row = live_visit(session, staff.terminal_id)
        if row is None or row.id != visit_id or not is_looking_for_application(row):
            raise VisitOver
        seen = card_session_of(session, row)
        evidence = cards.evidence_of(session, row.evidence_id) if row.evidence_id else None
        policy = policies.get(session, row.policy_id)
        if seen is None or evidence is None or policy is None:
            raise VisitOver
        row.errand = "apply"
        note(session, "counter.applies_instead", row)
        try:
            with session.begin_nested():
                bind_draft(session, row, evidence, policy)
        except DomainError as problem:
            turn_away(session, row, seen, problem.code, problem)
