"""補欠: who waits for a seat, the seat that comes free and goes to the first of them, and the end of the wait.

Nobody passes the queue: while somebody waits, the policy counts as full, and the guarded update of its counters gives
a seat to nobody else (``policies.counters.apply``).
"""

from __future__ import annotations

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from app import cards, clock, db, jobs, payments, points, policies, screening
from app.applications.approval import commit_and_plan, reserve
from app.applications.childs_amount import settle_amount
from app.applications.facts import claim_rows, known_about
from app.applications.guardian import acting_for
from app.applications.models import Application
from app.applications.review_effects import document_of, drop_link, note
from app.applications.states import Action, ApplicationState, move
from app.errors import DomainError
from app.payments import LinkState
from app.policies import PolicyDocument, PolicyState, PolicyView
from app.screening import ScreeningOutcome

PROMOTIONS_PER_ROUND = 1_000
IN_ORDER = (func.coalesce(Application.came_at, Application.submitted_at), Application.id)
"""Who holds a ticket of the queue stands where it was given out, whenever the application came in."""


def place_in_queue(session: Session, application: Application) -> int:
    """The n of 「補欠(n番目)」: how many wait in this policy up to and with this application."""
    before = select(func.count()).where(
        Application.policy_id == application.policy_id,
        Application.state == ApplicationState.WAITLISTED,
        func.row(*IN_ORDER) <= func.row(application.counts_from, application.id),
    )
    return session.scalars(before).one()


def serve_queue(policy_id: str) -> int:
    """Give the free seats to those who wait, in order of receipt; or, when the policy is over, end their wait.

    Each in a transaction of its own. Returns how many applications moved.
    """
    moved = 0
    while moved < PROMOTIONS_PER_ROUND and _serve_next(policy_id):
        moved += 1
    return moved


def queues() -> list[str]:
    """The policies in which somebody waits."""
    with db.reading() as session:
        waiting = select(Application.policy_id).where(Application.state == ApplicationState.WAITLISTED)
        return sorted(session.scalars(waiting.distinct()))


def serve_later(session: Session, event: points.RoomFreed) -> None:
    """Something came free: where somebody waits, a job gives it to the first as soon as this is committed."""
    from app.applications.tasks import serve_queue_of

    if session.scalar(_queue_of(event.policy_id)) is not None:
        lock = f"applications.serve_queue:{event.policy_id}"
        jobs.defer_once(session, serve_queue_of, queueing_lock=lock, policy_id=event.policy_id)


def _queue_of(policy_id: str) -> Select[Application]:
    return (
        select(Application)
        .where(Application.policy_id == policy_id, Application.state == ApplicationState.WAITLISTED)
        .order_by(*IN_ORDER)
        .limit(1)
    )


def _serve_next(policy_id: str) -> bool:
    try:
        with db.transaction() as session:
            policy = policies.get(session, policy_id)
            first = session.scalar(_queue_of(policy_id).with_for_update())
            if policy is None or first is None:
                return False
            if _is_over(policy):
                _close_out(session, first)
                return True
            if not _has_room(policy, first.amount):
                return False
            _give_seat(session, first)
            return True
    except DomainError as problem:
        if problem.code == "E209":  # it went to somebody who may pass the queue
            return False
        raise


def _is_over(policy: PolicyView) -> bool:
    """A suspended policy still serves those who applied (E210); one whose end has passed gives no seat any more."""
    serving = (PolicyState.OPEN, PolicyState.FULL, PolicyState.SUSPENDED, PolicyState.SCHEDULED)
    return policy.state not in serving


def _has_room(policy: PolicyView, amount: int) -> bool:
    """A look before the guarded update decides."""
    return policy.counters.seats_left != 0 and policy.counters.budget >= amount


def _give_seat(session: Session, application: Application) -> None:
    """``reserve``, and the screening that was not begun while the application waited, as of the day it came in."""
    document = document_of(session, application)
    book = points.Book(session, application.policy_id)
    settle_amount(session, book, application, document)  # nothing is held yet
    application.state = move(ApplicationState.WAITLISTED, Action.GET_A_SEAT, "system").target
    outcome = _screen(session, application, document)
    application.state = move(ApplicationState.SUBMITTED, Action.SCREEN, "system").target
    reserve(session, book, application, document)
    if outcome.aggregate == "approved":
        application.state = move(ApplicationState.SCREENING, Action.APPROVE, "system").target
        application.decided_at = clock.now()
        link = payments.link_of_application(session, application.policy_id, application.id)
        commit_and_plan(
            session,
            book,
            application,
            document,
            link_id=link.link_id if link else None,
            service=payments.get_service(session, link.service_id) if link else None,
            order_now=link is not None and link.state is LinkState.VERIFIED,
        )
    note(session, "application.got_a_seat", application, "system", outcome=outcome.aggregate)
    session.flush()
    book.close(seats=1, waiting=-1)


def _screen(session: Session, application: Application, document: PolicyDocument) -> ScreeningOutcome:
    evidence = cards.evidence_of(session, application.evidence_id)
    if evidence is None:
        raise LookupError("an application without its evidence")
    known = known_about(
        session,
        document,
        evidence,
        acting=acting_for(session, application, document),
        instant=application.counts_from,
        application_id=application.id,
        person_id=application.beneficiary_id,
    )
    # What was no failure at the submit is none now: a fact that came since is for staff to weigh (BR-32).
    outcome = screening.screen(document, known.facts, requested_review=True)
    if application.duplicate_suspected:
        outcome = screening.suspect_duplicate(outcome, known.facts.instant)
    screening.write_checks(session, application.policy_id, [(application.id, outcome)])
    claim_rows(session, application.policy_id, application.id, known, outcome)
    return outcome


def _close_out(session: Session, application: Application) -> None:
    application.state = move(ApplicationState.WAITLISTED, Action.CLOSE_OUT, "system").target
    drop_link(session, application)
    note(session, "application.closed_out", application, "system")
    session.flush()
    points.Book(session, application.policy_id).close(waiting=-1)
