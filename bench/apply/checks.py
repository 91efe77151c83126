"""What must hold after any load: the books are right, and every application that was accepted is there, once."""

from __future__ import annotations

from sqlalchemy import text

from app import db, points

_SEATS = """
SELECT c.policy_id, c.seats_taken, count(a.id) FROM policy_counters c
LEFT JOIN applications a ON a.policy_id = c.policy_id
 AND a.state NOT IN ('started', 'abandoned', 'withdrawn', 'lapsed', 'closed_out', 'rejected', 'waitlisted')
GROUP BY c.policy_id, c.seats_taken HAVING c.seats_taken <> count(a.id)
"""
_WITHOUT_ORDER = """
SELECT count(*) FROM applications a WHERE a.state IN ('approved', 'fulfilled') AND NOT EXISTS (
  SELECT FROM grants g JOIN grant_orders o ON o.policy_id = g.policy_id AND o.grant_id = g.id
  WHERE g.policy_id = a.policy_id AND g.application_id = a.id)
"""
_ACCEPTED = "SELECT count(*) FROM applications WHERE receipt_no LIKE '%-%'"


def differences(accepted: int | None = None) -> list[str]:
    """Everything that is not as it should be. ``accepted``: how many applications were answered with a receipt."""
    with db.transaction() as session:
        session.execute(text("SET LOCAL statement_timeout = '10min'"))
        found = [str(difference) for difference in points.check_invariants(session)]
        found += [
            f"seats of {p}: counter {kept}, applications {there}" for p, kept, there in session.execute(text(_SEATS))
        ]
        without = session.execute(text(_WITHOUT_ORDER)).scalar_one()
        if without:
            found.append(f"{without} approved applications without an order")
        there = session.execute(text(_ACCEPTED)).scalar_one()
        if accepted is not None and there != accepted:
            found.append(f"{accepted} receipts were given, {there} applications are there")
    return found
