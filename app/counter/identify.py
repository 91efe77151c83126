"""A card without PINs: staff identify its holder by face and card surface; another person decides (domain.md 4.2)."""

from __future__ import annotations

from uuid import UUID

from app import cards, db, settings
from app.counter.call_next import NotCounterStaff
from app.counter.copied import FaceItems
from app.counter.follow import bind_to, turn_away
from app.counter.states import CounterState
from app.counter.visit import VisitOver, card_session_of, live_visit, note
from app.errors import DomainError
from app.organisations import Role, SignedInStaff


def identify(staff: SignedInStaff, visit_id: UUID | None, items: FaceItems) -> UUID | None:
    """Staff have compared the face with the photograph and read the surface; the visit goes on for the resident.

    Returns the evidence, or None when the person was turned away (the page says why). Raises ``NotCounterStaff``,
    ``VisitOver``, and as ``FaceItems.checked``.
    """
    if Role.COUNTER not in staff.roles:
        raise NotCounterStaff
    four = items.checked()
    with db.transaction() as session:
        row = live_visit(session, staff.terminal_id)
        if row is None or row.id != visit_id or row.state != CounterState.CARD_BOUND or row.card_purpose != "touch":
            raise VisitOver
        seen = card_session_of(session, row)
        if seen is None or row.seen_key is None:
            raise VisitOver
        evidence_id = cards.evidence_by_staff(session, settings.current(), seen.id, four, staff.staff_id)
        note(session, "counter.identified", row)
        try:
            with session.begin_nested():
                bind_to(session, row, seen, evidence_id)
        except DomainError as problem:
            turn_away(session, row, seen, problem.code, problem)
            return None
        return evidence_id
