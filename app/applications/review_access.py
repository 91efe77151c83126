"""Whose hands an application may not come into: its own people's, and those of the staff who vouched for them."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Session

from app import cards, organisations, people, screening
from app.applications.models import Application
from app.screening import ReviewRefused, Staff


def is_own_case(session: Session, application: Application, staff_id: str) -> bool:
    """The member of staff is the beneficiary or the guardian who applied, as far as their account says who they are."""
    own = organisations.own_fingerprint(session, staff_id)
    if own is None:
        return False
    evidence = [cards.evidence_of(session, each) for each in _evidence_ids(application)]
    cards_say = (people.fingerprint_of_facts(session, each.facts_id) for each in evidence if each is not None)
    return own == application.fingerprint or own in cards_say


def check_has_no_part(session: Session, application: Application, staff: Staff) -> None:
    """Raise ``ReviewRefused`` (``same_person``) for who said who the person is, copied in the paper or wrote its time,
    or is the person or the guardian: none of them decides, confirms, or records what decides (domain.md 4.1, 5.3)."""
    evidence = [cards.evidence_of(session, each) for each in _evidence_ids(application)]
    vouched = {each.staff_id for each in evidence if each is not None and each.assurance == "staff"}
    if staff.staff_id in vouched | {application.came_at_by} or is_own_case(session, application, staff.staff_id):
        raise ReviewRefused("same_person")


def is_protected(session: Session, application: Application) -> bool:
    """A support measure stands for one of its people: the case is for the office in charge alone (BR-31)."""
    both = {application.beneficiary_id, application.applicant_id}
    return any(screening.stated_about(session, one).support_measure for one in both)


def _evidence_ids(application: Application) -> list[UUID]:
    return [each for each in (application.evidence_id, application.guardian_evidence_id) if each is not None]
