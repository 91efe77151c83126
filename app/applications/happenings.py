"""What this floor tells higher ones, in the transaction in which it happens."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from app import events
from app.applications.models import Application
from app.events import Event


@dataclass(frozen=True)
class ApplicationChanged(Event):
    """Something happened to an application; ``action`` is that of the audit event."""

    policy_id: str
    application_id: UUID
    applicant_id: UUID
    action: str


def changed(application: Application, action: str) -> ApplicationChanged:
    """The event of this application."""
    return ApplicationChanged(application.policy_id, application.id, application.applicant_id, action)


def tell_changed(session: Session, application: Application, action: str) -> None:
    """Tell it before the books are closed: their counter row must be the last that is locked."""
    events.publish(session, changed(application, action))
