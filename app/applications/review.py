"""審査 by staff: take a check, decide it, refuse with two people, ask the person, look again after an objection.

Every function is one transaction: the check, the application, the ledger and the record of who did it, or nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import audit, clock, db, documents, maintenance, municipalities, points, policies, screening
from app.applications.childs_amount import check_is_settled, of_application
from app.applications.guardian import may_see
from app.applications.models import Application
from app.applications.review_access import check_has_no_part
from app.applications.review_effects import (
    approve,
    document_of,
    drop_link,
    locked_application,
    move_application,
    note,
    release,
    settle,
)
from app.applications.states import Action, ApplicationState
from app.policies import CheckKind
from app.screening import Check, CheckAction, CheckState, Objection, QueueItem, RefusalLetter, ReviewRefused, Staff

LAPSES_PER_ROUND = 200
PICTURES_ALONE = "(写真だけが送られました)"
REVIEWED = (
    ApplicationState.SCREENING,
    ApplicationState.INFO_REQUESTED,
    ApplicationState.RE_REVIEW,
    ApplicationState.APPROVED,
)


def review_queue(session: Session, policy_id: str) -> list[QueueItem]:
    """What staff of a policy have to decide now, oldest first; what the person withdrew is not among it."""
    items = screening.queue_of(session, policy_id)
    states = select(Application.id).where(
        Application.policy_id == policy_id,
        Application.id.in_({item.application_id for item in items}),
        Application.state.in_(REVIEWED),
    )
    open_ones = set(session.scalars(states))
    return [item for item in items if item.application_id in open_ones]


def take_check(policy_id: str, application_id: UUID, kind: CheckKind, staff: Staff) -> None:
    """A reviewer takes a check out of the queue; what another has taken is refused (``ReviewRefused``)."""
    with db.transaction() as session:
        application, checks = _open(session, policy_id, application_id)
        if application.state not in REVIEWED:
            raise ReviewRefused("not_in_review")
        check_has_no_part(session, application, staff)
        screening.take(session, checks[kind], staff)
        note(session, "check.taken", application, "staff", staff.staff_id, kind=kind.value)


def pass_check(policy_id: str, application_id: UUID, kind: CheckKind, staff: Staff) -> ApplicationState:
    """The reviewer finds the condition met. The last check to pass approves the application.

    ``ReviewRefused`` also while the amount waits for the register (``amount_open``, ``no_tier``; BR-29).
    """
    with db.transaction() as session:
        application, checks = _open(session, policy_id, application_id)
        check = checks[kind]
        if application.state not in REVIEWED:
            raise ReviewRefused("not_in_review")
        screening.check_is_assigned_to(check, staff)
        check_has_no_part(session, application, staff)
        if kind is CheckKind.POST_REVIEW:
            check_is_settled(of_application(session, application, document_of(session, application)))
        screening.drop_proposal(session, check)
        screening.act(session, check, CheckAction.DECIDE_PASSED, "reviewer", staff.staff_id)
        check.code, check.facts, check.assigned_to = None, {}, None
        if kind is CheckKind.POST_REVIEW and application.duplicate_suspected:
            application.cleared_by_staff = True  # BR-14: a person has looked at both
        note(session, "check.passed", application, "staff", staff.staff_id, kind=kind.value)
        session.flush()
        close_books = settle(session, application, checks, "reviewer")
        close_books()
        return ApplicationState(application.state)


def propose_refusal(  # noqa: PLR0917  # which check, who, and the two parts of the reason
    policy_id: str, application_id: UUID, kind: CheckKind, staff: Staff, code: str, reason: str
) -> None:
    """The reviewer finds the condition not met; nothing happens until a second person confirms.

    ``code`` is the message, ``reason`` the sentence that the person reads. Raises E309 for a My Number in it (BR-57).
    """
    with db.transaction() as session:
        application, checks = _open(session, policy_id, application_id)
        if application.state != ApplicationState.SCREENING:
            raise ReviewRefused("not_in_review")
        screening.check_is_assigned_to(checks[kind], staff)
        check_has_no_part(session, application, staff)
        if checks[kind].result != CheckState.ASSIGNED:
            raise ReviewRefused("not_in_review")
        screening.propose(session, checks[kind], staff, "refuse", code=code, reason=reason)
        note(session, "refusal.proposed", application, "staff", staff.staff_id, kind=kind.value, code=code)


def confirm_refusal(
    policy_id: str, application_id: UUID, kind: CheckKind, staff: Staff, *, proposal_id: UUID
) -> RefusalLetter:
    """A second person confirms: the application is refused, seat and amount are free, the letter's data are stored.

    ``proposal_id`` is the proposal that the person has read; another one meanwhile is not confirmed. Raises
    ``ReviewRefused`` for the person who proposed it, and ``LetterIncomplete`` when the letter would lack reason, date,
    office or the way to object: then nothing is refused (BR-64).
    """
    with db.transaction() as session:
        application, checks = _open(session, policy_id, application_id)
        check_has_no_part(session, application, staff)
        office = office_of(session, policy_id)
        object_by = clock.today() + timedelta(days=screening.OBJECTION_DAYS)
        words = screening.how_to_object(office, object_by)
        ruling, letter = screening.confirm(
            session,
            checks[kind],
            staff,
            proposal_id=proposal_id,
            office=office,
            objection=words,
            object_by=object_by,
        )
        if ruling.proposal != "refuse" or letter is None:
            raise ReviewRefused("no_proposal")
        checks[kind].code, checks[kind].facts = ruling.code, {}
        screening.act(session, checks[kind], CheckAction.DECIDE_FAILED, "approver", staff.staff_id)
        move_application(application, Action.REFUSE, "approver")
        application.decided_at = clock.now()
        note(session, "application.refused", application, "staff", staff.staff_id, kind=kind.value, code=ruling.code)
        close_books = release(session, application, points.LedgerEvent.RELEASE)
        close_books()
        return letter


def ask(  # noqa: PLR0917  # which check, who, and the question with its last moment
    policy_id: str, application_id: UUID, kind: CheckKind, staff: Staff, question: str, answer_by: datetime
) -> None:
    """Ask the person; the application waits for the answer until ``answer_by`` (UTC). ``ValueError`` for a past one."""
    if answer_by <= clock.now():
        raise ValueError("the deadline has passed")
    with db.transaction() as session:
        application, checks = _open(session, policy_id, application_id)
        screening.check_is_assigned_to(checks[kind], staff)
        move_application(application, Action.ASK, "reviewer")
        screening.drop_proposal(session, checks[kind])  # what the person answers may change it
        screening.act(session, checks[kind], CheckAction.ASK, "reviewer", staff.staff_id)
        screening.put_question(session, checks[kind], staff.staff_id, question, answer_by)
        note(session, "application.asked", application, "staff", staff.staff_id, kind=kind.value)


def answer(receipt_no: str, person_id: UUID, text: str, pictures: Sequence[documents.Picture] = ()) -> bool:
    """The person answers: the check is the reviewer's again. False when nothing of theirs waits for an answer.

    With pictures the text may be empty. Sent twice, the second finds nothing that waits: nothing is doubled.
    """
    with db.transaction() as session:
        maintenance.check_open(session)
        application = _own(session, receipt_no, person_id)
        if application is None or application.state != ApplicationState.INFO_REQUESTED:
            return False
        inquiry = screening.open_inquiry(session, application.policy_id, application.id)
        if inquiry is None or inquiry.answer_by < clock.now():
            return False
        checks = screening.locked_checks(session, application.policy_id, application.id)
        screening.drop_proposal(session, checks[CheckKind(inquiry.kind)])
        screening.take_answer(inquiry, text or (PICTURES_ALONE if pictures else ""))
        documents.store_pictures(session, application.policy_id, application.id, inquiry.id, pictures)
        screening.act(session, checks[CheckKind(inquiry.kind)], CheckAction.ANSWER, "resident")
        move_application(application, Action.ANSWER, "resident")
        who = audit.pseudonym(person_id)
        note(session, "application.answered", application, "person", who, kind=inquiry.kind, pictures=len(pictures))
        return True


def lapse_unanswered() -> int:
    """The clock: applications whose answer did not come in time end, seat and amount are free; returns how many."""
    with db.reading() as session:
        due = screening.overdue(session, limit=LAPSES_PER_ROUND)
    return sum(_lapse(policy_id, application_id) for policy_id, application_id in due)


def _lapse(policy_id: str, application_id: UUID) -> bool:
    with db.transaction() as session:
        application = locked_application(session, policy_id, application_id)
        inquiry = screening.open_inquiry(session, policy_id, application_id)
        if inquiry is None or inquiry.answer_by >= clock.now():
            return False
        inquiry.lapsed_at = clock.now()
        if application.state != ApplicationState.INFO_REQUESTED:
            return False  # withdrawn meanwhile
        move_application(application, Action.MISS_DEADLINE, "clock")
        drop_link(session, application)
        note(session, "application.lapsed", application, "clock", kind=inquiry.kind)
        close_books = release(session, application, points.LedgerEvent.RELEASE)
        close_books()
        return True


def object_to_refusal(receipt_no: str, person_id: UUID, reason: str) -> bool:
    """The person says why they object, within the days that the letter states; another reviewer looks again (BR-64).

    False when there is nothing of theirs to object to, or the last day is over. Raises E309 for a My Number (BR-57).
    """
    with db.transaction() as session:
        maintenance.check_open(session)
        application = _own(session, receipt_no, person_id)
        if application is None or application.state != ApplicationState.REJECTED:
            return False
        letters = screening.letters_of(session, application.policy_id, application.id)
        last_day = letters[-1].object_by if letters else None
        if last_day is None or clock.today() > last_day:
            return False
        screening.take_objection(session, application.policy_id, application.id, reason)
        for check in screening.locked_checks(session, application.policy_id, application.id).values():
            if check.result == CheckState.FAILED:
                check.assigned_to = None
                screening.act(session, check, CheckAction.OBJECT, "resident")
        move_application(application, Action.OBJECT, "resident")
        note(session, "application.objected", application, "person", audit.pseudonym(person_id))
        return True


def propose_on_objection(  # noqa: PLR0917  # which check, who, which way, and why
    policy_id: str,
    application_id: UUID,
    kind: CheckKind,
    staff: Staff,
    proposal: Literal["overturn", "uphold"],
    reason: str,
) -> None:
    """A reviewer who had no part in the refusal says what should become of it."""
    with db.transaction() as session:
        application, checks = _open(session, policy_id, application_id)
        check = checks[kind]
        if application.state != ApplicationState.RE_REVIEW or check.result != CheckState.APPEALED:
            raise ReviewRefused("not_in_review")
        check_has_no_part(session, application, staff)
        screening.check_is_somebody_else(session, check, staff)
        screening.propose(session, check, staff, proposal, code=check.code, reason=reason)
        note(session, "objection.proposed", application, "staff", staff.staff_id, kind=kind.value, proposal=proposal)


def confirm_on_objection(
    policy_id: str, application_id: UUID, kind: CheckKind, staff: Staff, *, proposal_id: UUID
) -> ApplicationState:
    """The approver confirms what they have read (``proposal_id``).

    Overturned, seat and amount are reserved again (E209 without a free one); upheld is final. With several objections
    the application is decided when the last one is. Checks that were never decided come first (``ReviewRefused``): an
    approval rests on all of them.
    """
    with db.transaction() as session:
        application, checks = _open(session, policy_id, application_id)
        check_has_no_part(session, application, staff)
        office = office_of(session, policy_id)
        words = screening.FINAL.format(office=office)
        ruling, _ = screening.confirm(
            session, checks[kind], staff, proposal_id=proposal_id, office=office, objection=words, object_by=None
        )
        actions = {"overturn": CheckAction.OVERTURN, "uphold": CheckAction.UPHOLD}
        if ruling.proposal not in actions:
            raise ReviewRefused("no_proposal")
        screening.act(session, checks[kind], actions[ruling.proposal], "approver", staff.staff_id)
        if ruling.proposal == "overturn":
            checks[kind].code, checks[kind].facts = None, {}
        note(session, "objection.decided", application, "staff", staff.staff_id, kind=kind.value)
        session.flush()
        standing = screening.standing(checks)
        if standing is screening.Standing.APPROVED:
            close_books = approve(session, application, Action.OVERTURN, "approver")
            close_books()
        elif standing is screening.Standing.REJECTED:
            move_application(application, Action.UPHOLD, "approver")
            application.decided_at = clock.now()
            drop_link(session, application)
        elif standing is not screening.Standing.RE_REVIEW:
            raise ReviewRefused("others_open")
        return ApplicationState(application.state)


def refusal_letters(session: Session, policy_id: str, application_id: UUID) -> list[RefusalLetter]:
    """The letters of an application, the latest last, for the person and for staff."""
    return screening.letters_of(session, policy_id, application_id)


def objection_to(session: Session, policy_id: str, application_id: UUID) -> Objection | None:
    """What the person wrote against the refusal, for staff who look again."""
    return screening.objection_of(session, policy_id, application_id)


def office_of(session: Session, policy_id: str) -> str:
    """Whom to ask about a policy, as letters name it; empty for an unknown policy, which no letter survives."""
    policy = policies.get(session, policy_id)
    return f"{municipalities.label(policy.document.municipality_code)} 給付担当窓口" if policy else ""


def _open(session: Session, policy_id: str, application_id: UUID) -> tuple[Application, dict[CheckKind, Check]]:
    """Application first, then its checks: the order of locks that every use case keeps."""
    application = locked_application(session, policy_id, application_id)
    return application, screening.locked_checks(session, policy_id, application_id)


def _own(session: Session, receipt_no: str, person_id: UUID) -> Application | None:
    row = session.scalar(select(Application).where(Application.receipt_no == receipt_no).with_for_update())
    return row if row is not None and may_see(session, row, person_id) else None
