"""Withdraw: the person takes the application back before a grant order exists; seat and amount are free at once."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import audit, clock, db, maintenance, payments, points
from app.applications.approval import take_back
from app.applications.happenings import tell_changed
from app.applications.models import Application
from app.applications.states import Action, ApplicationState, move
from app.errors import DomainError

_RELEASES = {
    "release": points.LedgerEvent.RELEASE,
    "uncommit": points.LedgerEvent.UNCOMMIT,
}
_S = ApplicationState
WITHDRAWABLE = frozenset({_S.SUBMITTED, _S.WAITLISTED, _S.SCREENING, _S.INFO_REQUESTED, _S.APPROVED})


def withdraw(receipt_no: str, person_id: UUID) -> bool:
    """Withdraw one's own application. False when it is not this person's; E313 once the order went out.

    One that has ended, by whatever way, stays as it is.
    """
    with db.transaction() as session:
        maintenance.check_open(session)
        application = session.scalar(select(Application).where(Application.receipt_no == receipt_no).with_for_update())
        if application is None or application.applicant_id != person_id:
            return False
        if application.state == ApplicationState.FULFILLED:
            raise DomainError("E313", variant="withdraw")
        if application.state in WITHDRAWABLE:
            _withdraw(session, application)
        return True


def _withdraw(session: Session, application: Application) -> None:
    allowed = move(ApplicationState(application.state), Action.WITHDRAW, "resident")
    all_grants = points.grants_of(session, application.policy_id, application.id)
    still_planned = points.planned_grants(session, application.policy_id, application.id)
    if len(still_planned) != len(all_grants):
        raise DomainError("E313", variant="withdraw")
    points.hold_grants(session, application.policy_id, application.id)
    link = payments.link_of_application(session, application.policy_id, application.id)
    if link is not None:
        payments.remove_link(session, application.policy_id, link.link_id)
    was_waiting = application.state == ApplicationState.WAITLISTED
    application.state = allowed.target
    application.withdrawn_at = clock.now()
    audit.record(
        session,
        "application.withdrawn",
        actor_kind="person",
        actor=audit.pseudonym(application.applicant_id),
        policy_id=application.policy_id,
        object_kind="application",
        object_id=str(application.id),
    )
    tell_changed(session, application, "application.withdrawn")
    book = points.Book(session, application.policy_id)
    if was_waiting:
        session.flush()
        book.close(waiting=-1)
        return
    assert allowed.effect is not None
    # What the ledger holds for this application is given back, whatever else the row says.
    take_back(session, book, application, _RELEASES[allowed.effect])
    session.flush()
    book.close(seats=-1)
