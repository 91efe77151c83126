"""Facts that enter from outside: linked apps, event scans, counters, the register. Stated, then acted upon at once.

Each use case is one transaction: the statement, what follows from it for approved applications, and the job by which
applications that waited for it are looked at again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import audit, cards, clock, db, jobs, municipalities, points, screening
from app.applications.childs_amount import settle_amount
from app.applications.facts import known_about
from app.applications.guardian import acting_for
from app.applications.models import Application
from app.applications.review_effects import (
    Effect,
    back_to_staff,
    document_of,
    locked_application,
    settle,
    stop_before_the_order,
)
from app.applications.states import ApplicationState
from app.errors import DomainError
from app.municipalities import Resolution, Status
from app.policies import CheckKind
from app.screening import CheckResult, Staff


def record_activity(person_id: UUID, app_id: str, *, achieved: bool, stated_by: str, stamps: int | None = None) -> None:
    """A linked app reports achieved or not; the same again changes nothing, a correction replaces it."""
    _state(person_id, "activity", app_id, "achieved" if achieved else "not_achieved", stated_by, number=stamps)


def record_attendance(person_id: UUID, event: str, *, on_the_right_day: bool, stated_by: str) -> None:
    """The venue's QR code was scanned. A scan on a wrong day settles nothing and undoes nothing: it may be repeated."""
    with db.reading() as session:
        attended = screening.stated_about(session, person_id).attendances.get(event) == "attended"
    if not attended:
        state = "attended" if on_the_right_day else "wrong_day"
        _state(person_id, "event_attendance", event, state, stated_by)


def record_document_seen(person_id: UUID, document: str, staff: Staff) -> None:
    """Staff at a counter saw the document; its kind and the day are kept, nothing of its content."""
    screening.check_role(staff, "counter")
    _state(person_id, "document_seen", document, "seen", staff.staff_id, on_day=clock.today())


def record_guardianship(child_id: UUID, guardian_id: UUID, staff: Staff) -> None:
    """Staff at a counter saw a document by which the guardian represents the child; what waited for it goes on.

    Kind, day and staff are kept, nothing of the document. ``ValueError`` for one person on both sides.
    """
    screening.check_role(staff, "counter")
    if child_id == guardian_id:
        raise ValueError("nobody is their own guardian")
    _state(child_id, "guardianship", str(guardian_id), "seen", staff.staff_id, on_day=clock.today())


def end_guardianship(child_id: UUID, guardian_id: UUID, staff: Staff) -> None:
    """The guardian no longer represents the child: the cards of one home show nothing from here on."""
    screening.check_role(staff, "approver")
    _state(child_id, "guardianship", str(guardian_id), "ended", staff.staff_id, on_day=clock.today())


def record_death(person_id: UUID, died_on: date, staff: Staff) -> int:
    """A death was reported: what is approved and not ordered stops, the amount goes back (BR-30); returns how many.

    An order that is out stands. Applications in review go to staff.
    """
    screening.check_role(staff, "approver")

    def stop(session: Session, application: Application) -> Effect | None:
        return stop_before_the_order(session, application, "approver")

    return _state(person_id, "death", "", "reported", staff.staff_id, on_day=died_on, then=stop)


def set_support_measure(person_id: UUID, staff: Staff, *, expires_on: date | None = None) -> int:
    """The municipality sets the flag: every check is staff's, orders not yet sent are held (BR-31); returns how many.

    ``expires_on`` is a note for staff: its passing opens nothing, only ``lift_support_measure`` does.
    """
    screening.check_role(staff, "approver")

    def hold(session: Session, application: Application) -> Effect | None:
        held = back_to_staff(session, application, CheckKind.SUPPORT_MEASURE, "E213")
        return _held if held else None

    return _state(person_id, "support_measure", "", "set", staff.staff_id, on_day=expires_on, then=hold)


def lift_support_measure(person_id: UUID, staff: Staff) -> None:
    """A person lifts the flag; what is in review stays with staff."""
    screening.check_role(staff, "approver")
    _state(person_id, "support_measure", "", "lifted", staff.staff_id)


def record_move(person_id: UUID, municipality_code: str, moved_on: date, *, stated_by: str) -> int:
    """The register says that the person moved (BR-23): where a policy asks for residence until the grant, and the new
    place does not do, the order is held and staff look; returns how many. ``LookupError`` for an unknown code.
    """
    place = municipalities.get(municipality_code)
    address = Resolution(Status.EXACT, place.code, (place.code,), "", municipalities.current_table().version)

    def hold(session: Session, application: Application) -> Effect | None:
        document = document_of(session, application)
        if document.resident_until != "grant" or application.state != ApplicationState.APPROVED:
            return None
        evidence = cards.evidence_of(session, application.evidence_id)
        if evidence is None:
            return None
        acting = acting_for(session, application, document)
        known = known_about(session, document, evidence, acting=acting, person_id=person_id)
        facts = replace(known.facts, address=address)
        outcome = screening.screen(document, facts)
        lives_there = all(
            check.result is CheckResult.PASSED for check in outcome.checks if check.kind is CheckKind.CARD_AUTO
        )
        if lives_there or not back_to_staff(session, application, CheckKind.CARD_AUTO, "E205"):
            return None
        return _held

    return _state(person_id, "move", "", municipality_code, stated_by, on_day=moved_on, then=hold)


def look_again(person_id: UUID) -> int:
    """Judge the person's applications that wait for facts once more; returns how many were approved by it."""
    with db.reading() as session:
        waiting = session.execute(
            select(Application.policy_id, Application.id)
            .where(Application.beneficiary_id == person_id, Application.state == ApplicationState.SCREENING)
            .order_by(Application.policy_id)
        ).all()
    return sum(_look_again_if_there_is_room(row.policy_id, row.id) for row in waiting)


def _look_again_if_there_is_room(policy_id: str, application_id: UUID) -> bool:
    try:
        return _look_again(policy_id, application_id)
    except DomainError as problem:
        if problem.code == "E209":  # a corrected birth needs more than is free: who approves adds budget first
            return False
        raise


def _look_again(policy_id: str, application_id: UUID) -> bool:
    with db.transaction() as session:
        application = locked_application(session, policy_id, application_id)
        evidence = cards.evidence_of(session, application.evidence_id)
        if application.state != ApplicationState.SCREENING or evidence is None:
            return False
        document = document_of(session, application)
        # As of when it counts from: a birthday that came since neither helps nor hurts.
        known = known_about(
            session,
            document,
            evidence,
            acting=acting_for(session, application, document),
            instant=application.counts_from,
            application_id=application.id,
            person_id=application.beneficiary_id,
        )
        outcome = screening.screen(document, known.facts, requested_review=application.review_requested)
        checks = screening.locked_checks(session, policy_id, application_id)
        screening.run_again(session, checks, outcome.checks)
        if known.facts.deceased:
            back_to_staff(session, application, CheckKind.POST_REVIEW, "E205")
        elif known.facts.support_measure:
            back_to_staff(session, application, CheckKind.SUPPORT_MEASURE, "E213")
        session.flush()
        book = points.Book(session, policy_id)
        found = settle_amount(session, book, application, document)
        if found is not None and not found.is_settled:
            back_to_staff(session, application, CheckKind.POST_REVIEW, "E205")
        book.close(passing_queue=True)  # whoever changes their own amount has a seat already
        close_books = settle(session, application, checks, "system")
        close_books()
        return application.state == ApplicationState.APPROVED


def _state(
    person_id: UUID,
    kind: str,
    subject: str,
    state: str,
    stated_by: str,
    *,
    number: int | None = None,
    on_day: date | None = None,
    then: Callable[[Session, Application], Effect | None] | None = None,
) -> int:
    from app.applications.review_tasks import look_again_at

    with db.transaction() as session:
        new = screening.state_fact(
            session, person_id, kind, subject, state, stated_by=stated_by, number=number, on_day=on_day
        )
        if not new:
            return 0
        audit.record(
            session,
            f"fact.{kind}",
            actor_kind="staff",
            actor=stated_by,
            object_kind="person",
            object_id=audit.pseudonym(person_id),
        )
        jobs.defer(session, look_again_at, person_id=str(person_id))
        effects = [] if then is None else _for_each_approved(session, person_id, then)
        for close_books in effects:
            close_books()
        return len(effects)


def _for_each_approved(
    session: Session, person_id: UUID, then: Callable[[Session, Application], Effect | None]
) -> list[Effect]:
    """In the order of policies, so that two such transactions cannot wait for each other."""
    rows = session.scalars(
        select(Application)
        .where(Application.beneficiary_id == person_id, Application.state == ApplicationState.APPROVED)
        .order_by(Application.policy_id, Application.id)
        .with_for_update()
    ).all()
    return [effect for row in rows if (effect := then(session, row)) is not None]


def _held() -> None:
    """Nothing moves in the books: the amount stays COMMITTED."""
