"""お知らせ: who applied on paper has no mail. Staff hand over or post what was decided; from then on the days count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import clock, db
from app.applications.approval import deadline_once_told
from app.applications.models import Application
from app.applications.review_access import is_protected
from app.applications.review_effects import document_of, note
from app.applications.states import ApplicationState

SHOWN = 100


@dataclass(frozen=True)
class PaperDecision:
    """An approved paper application whose person has to choose a service. Nothing personal."""

    policy_id: str
    application_id: UUID
    receipt_no: str
    policy_title: str
    amount: int
    decided_at: datetime
    choose_by: datetime
    """If the person is told today; once told, the day that stands."""


def papers_to_tell(session: Session, policy_ids: Sequence[str]) -> list[PaperDecision]:
    """Who has not been told yet, the longest decided first. Whom only one office serves is not among them (BR-31)."""
    rows = session.scalars(
        select(Application)
        .where(
            Application.policy_id.in_(policy_ids),
            Application.channel == "paper",
            Application.state == ApplicationState.APPROVED,
            Application.assign_by.is_not(None),
            Application.told_at.is_(None),
        )
        .order_by(Application.decided_at)
        .limit(SHOWN)
    )
    return [_view(session, row, clock.now()) for row in rows if not is_protected(session, row)]


def tell_decision(receipt_no: str, policy_ids: Sequence[str], staff_id: str) -> PaperDecision:
    """Staff hand over or post the letter today: the days to choose begin. The same again changes nothing.

    ``LookupError`` for anything else than an approved paper application of these policies without a service.
    """
    with db.transaction() as session:
        row = session.scalar(select(Application).where(Application.receipt_no == receipt_no).with_for_update())
        if row is None or row.policy_id not in policy_ids or row.channel != "paper" or is_protected(session, row):
            raise LookupError("no such paper")
        if row.state != ApplicationState.APPROVED or row.assign_by is None:
            raise LookupError("nothing to tell")
        if row.told_at is None:
            told = _view(session, row, clock.now())
            row.told_at, row.assign_by = clock.now(), told.choose_by
            note(session, "application.told", row, "staff", staff_id)
        return _view(session, row, row.told_at)


def _view(session: Session, row: Application, told_at: datetime) -> PaperDecision:
    assert row.receipt_no is not None
    assert row.decided_at is not None
    document = document_of(session, row)
    return PaperDecision(
        policy_id=row.policy_id,
        application_id=row.id,
        receipt_no=row.receipt_no,
        policy_title=document.title,
        amount=row.amount,
        decided_at=row.decided_at,
        choose_by=deadline_once_told(document, row.decided_at, told_at),
    )
