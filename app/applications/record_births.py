"""Staff record from the municipal register which child of the family somebody is; the amount follows (BR-29, BR-34)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy.orm import Session

from app import cards, db, jobs, people, points, policies, screening
from app.applications.childs_amount import ChildsAmount, settle_amount
from app.applications.models import Application
from app.applications.review_access import check_has_no_part
from app.applications.review_effects import document_of, locked_application, note
from app.applications.states import ApplicationState
from app.people import Birth, BirthsRefused, FamilyBirths
from app.policies import CheckKind
from app.screening import Check, ReviewRefused, Staff

_IN_HAND = (ApplicationState.SCREENING, ApplicationState.INFO_REQUESTED)


def record_births(
    policy_id: str,
    application_id: UUID,
    staff: Staff,
    *,
    siblings: Sequence[Birth],
    own_order: int | None = None,
    born: date | None = None,
) -> ChildsAmount:
    """Keep the days of birth of a child's siblings, and judge by them at once what the application comes to.

    Days and, for children of one day, the order of the register; no names. Recorded again, the earlier record is
    emptied. ``born`` counts only where the card names no full birth date. The reviewer who has the check decides it
    afterwards: nobody is refused by this. Other applications of the child that wait are looked at again.

    Raises ``BirthsRefused`` for days or orders that cannot be, ``ReviewRefused`` unless the check is the reviewer's,
    E209 where the right amount is more than is free, and ``LookupError`` where the policy counts no children.
    """
    from app.applications.review_tasks import look_again_at

    with db.transaction() as session:
        application = locked_application(session, policy_id, application_id)
        document = document_of(session, application)
        check = screening.locked_checks(session, policy_id, application_id).get(CheckKind.POST_REVIEW)
        if check is None or not policies.counts_children(document):
            raise LookupError("this policy counts no children")
        _check_it_is_theirs(session, application, check, staff)
        evidence = cards.evidence_of(session, application.evidence_id)
        day = (evidence.birth_date if evidence else None) or born
        if day is None:
            raise BirthsRefused("day", 0)
        births = FamilyBirths(Birth(day, own_order), tuple(siblings))
        is_new = people.record_births(
            session, application.beneficiary_id, document.municipality_code, births, recorded_by=staff.staff_id
        )
        book = points.Book(session, policy_id)
        found = settle_amount(session, book, application, document)
        assert found is not None
        if is_new:
            note(
                session,
                "births.recorded",
                application,
                "staff",
                staff.staff_id,
                siblings=len(births.siblings),
                counted=found.counted.value,
                amount=application.amount,
            )
            jobs.defer(session, look_again_at, person_id=str(application.beneficiary_id))
        session.flush()
        book.close(passing_queue=True)  # whoever changes their own amount has a seat already
        return found


def _check_it_is_theirs(session: Session, application: Application, check: Check, staff: Staff) -> None:
    check_has_no_part(session, application, staff)
    if application.state == ApplicationState.RE_REVIEW:
        screening.check_role(staff, "reviewer")
        screening.check_is_somebody_else(session, check, staff)
        return
    if application.state not in _IN_HAND:
        raise ReviewRefused("not_in_review")
    screening.check_is_assigned_to(check, staff)
