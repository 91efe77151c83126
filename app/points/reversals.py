"""What a return case does to the grants it is about (domain.md 5.9, 5.10). The ledger is the case's own."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import audit, payments
from app.points.models import Grant
from app.points.states import GRANT_MOVES, GrantEvent, GrantState, grant_after


def request_reversal(session: Session, policy_id: str, application_id: UUID) -> int:
    """It was decided to take back: every grant that arrived is being reversed. Returns how many."""
    return _move(session, policy_id, application_id, GrantEvent.REQUEST_REVERSAL)


def lock_grants(session: Session, policy_id: str, application_id: UUID) -> None:
    """Lock what arrived of an application, for a caller that will move it: before it locks the application
    and the balances (decision 0026)."""
    _locked(session, policy_id, application_id)


def can_be_reversed(session: Session, policy_id: str, application_id: UUID) -> bool:
    """Whether a service that granted something of an application takes points back at all."""
    granted_by = [grant.service_id for grant in _locked(session, policy_id, application_id)]
    services = payments.services_of(session, [service_id for service_id in granted_by if service_id])
    return any(service.reversal is not payments.Reversal.NONE for service in services)


def end_reversal(session: Session, policy_id: str, application_id: UUID, *, recovered: int) -> int:
    """The case is over with ``recovered`` points back: all of what was granted, a part, or none."""
    granted = sum(grant.amount for grant in _locked(session, policy_id, application_id))
    event = GrantEvent.REVERSE if recovered >= granted else GrantEvent.REVERSE_PARTLY
    return _move(session, policy_id, application_id, event if recovered else GrantEvent.FIND_SPENT)


def cancel_reversal(session: Session, policy_id: str, application_id: UUID) -> int:
    """An objection was accepted: the grants stand."""
    return _move(session, policy_id, application_id, GrantEvent.CANCEL_REVERSAL)


def _move(session: Session, policy_id: str, application_id: UUID, event: GrantEvent) -> int:
    moved = 0
    for grant in _locked(session, policy_id, application_id):
        if (GrantState(grant.state), event) not in GRANT_MOVES:
            continue  # another benefit of the application, never granted or not received
        grant.state = grant_after(GrantState(grant.state), event)
        moved += 1
        audit.record(
            session,
            f"grant.{event}",
            actor_kind="system",
            policy_id=policy_id,
            object_kind="grant",
            object_id=str(grant.id),
            facts={"amount": grant.amount},
        )
    session.flush()
    return moved


def _locked(session: Session, policy_id: str, application_id: UUID) -> list[Grant]:
    """Those under way in the case's sense: arrived, or being reversed."""
    return list(
        session.scalars(
            select(Grant)
            .where(
                Grant.policy_id == policy_id,
                Grant.application_id == application_id,
                Grant.state.not_in((GrantState.PLANNED, GrantState.ORDERED, GrantState.NOT_RECEIVED)),
            )
            .order_by(Grant.benefit_no)
            .with_for_update()
        )
    )
