"""A check that somebody has in hand goes back into the queue: the reviewer gives it back, or an approver takes it back.

Without it the case of a reviewer who leaves would wait for ever. A proposal that nobody has confirmed goes with the
hand that made it: whoever takes the check next proposes anew.
"""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from app import db, screening
from app.applications.review import REVIEWED
from app.applications.review_access import check_has_no_part
from app.applications.review_effects import locked_application, note
from app.policies import CheckKind
from app.screening import ReviewRefused, Staff

WhyTakenBack = Literal["left", "absent", "shared_out", "has_part"]
"""A code and never a text: it stands in the audit trail, which holds nothing personal (promise 6)."""


def give_check_back(policy_id: str, application_id: UUID, kind: CheckKind, staff: Staff) -> None:
    """The reviewer who has the check gives it back; sent twice, the second changes nothing.

    Whoever finds that they have a part in the application may always give it back: nothing is decided by it.
    """
    with db.transaction() as session:
        application = locked_application(session, policy_id, application_id)
        check = screening.locked_checks(session, policy_id, application_id)[kind]
        if application.state not in REVIEWED:
            raise ReviewRefused("not_in_review")
        if screening.give_back(session, check, staff):
            screening.drop_proposal(session, check)
            note(session, "check.given_back", application, "staff", staff.staff_id, kind=kind.value)


def take_check_back(  # noqa: PLR0917  # which check, who, from whom and why
    policy_id: str, application_id: UUID, kind: CheckKind, staff: Staff, holder: str, why: WhyTakenBack
) -> None:
    """An approver takes a check from ``holder``, who is away or gone; who, from whom and why is in the audit trail.

    ``ReviewRefused`` for an approver with a part in the application: whose hands it comes into is not theirs to steer.
    """
    with db.transaction() as session:
        application = locked_application(session, policy_id, application_id)
        check = screening.locked_checks(session, policy_id, application_id)[kind]
        if application.state not in REVIEWED:
            raise ReviewRefused("not_in_review")
        check_has_no_part(session, application, staff)
        if screening.take_back(session, check, staff, holder):
            screening.drop_proposal(session, check)
            facts = {"kind": kind.value, "holder": holder, "why": why}
            note(session, "check.taken_back", application, "staff", staff.staff_id, **facts)
