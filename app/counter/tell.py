"""What was decided on papers is told to their people by this counter: by letter, or by hand."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app import applications, policies
from app.applications import PaperDecision
from app.counter.call_next import NotCounterStaff
from app.counter.served import givers_served
from app.db import reading
from app.organisations import Role, SignedInStaff


def decisions_to_tell(session: Session, municipality_code: str) -> list[PaperDecision]:
    """Approved papers whose person does not know yet."""
    return applications.papers_to_tell(session, _policies(session, municipality_code))


def tell(staff: SignedInStaff, receipt_no: str) -> PaperDecision:
    """The letter goes out today; what it has to say. Raises ``NotCounterStaff``, ``LookupError``."""
    if Role.COUNTER not in staff.roles:
        raise NotCounterStaff
    with reading() as session:
        served = _policies(session, staff.municipality_code)
    return applications.tell_decision(receipt_no, served, staff.staff_id)


def _policies(session: Session, municipality_code: str) -> list[str]:
    return [one for giver in givers_served(municipality_code) for one in policies.of_municipality(session, giver)]
