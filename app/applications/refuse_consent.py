"""E215: who refuses consent leaves nothing behind."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import delete

from app import db
from app.applications.at_counter import forget_reading
from app.applications.draft import AT_COUNTER
from app.applications.models import Application
from app.applications.states import ApplicationState


def refuse_consent(policy_id: str, person_id: UUID) -> None:
    """The draft goes, and with it what was read from the card where no application stands on it.

    One at a counter stays with its visit, which its own screen ends.
    """
    with db.transaction() as session:
        gone = (
            delete(Application)
            .where(
                Application.policy_id == policy_id,
                Application.applicant_id == person_id,
                Application.state == ApplicationState.STARTED,
                Application.channel.not_in(AT_COUNTER),
            )
            .returning(Application.beneficiary_id)
        )
        for one in {person_id, *session.scalars(gone)}:
            forget_reading(session, one)
