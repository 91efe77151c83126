"""窓口でのお渡し, by receipt number: what staff know of an application whose benefit they hand over themselves."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import db, db_rows, points
from app.applications.models import Application
from app.points import HandOverStep, ToHandOver


@dataclass(frozen=True)
class OpenHandOver:
    """A benefit to prepare or to be fetched, with the receipt number that its person brings."""

    receipt_no: str
    benefit: ToHandOver


def open_hand_overs(session: Session) -> list[OpenHandOver]:
    """What staff have to prepare, and what waits to be fetched, the oldest first."""
    found = points.to_hand_over(session)
    rows = session.execute(
        select(Application.id, Application.receipt_no).where(
            db_rows.among(Application.policy_id, {one.policy_id for one in found}),
            db_rows.among(Application.id, [one.application_id for one in found]),
        )
    )
    receipts = {row.id: row.receipt_no or "" for row in rows}
    return [OpenHandOver(receipts[one.application_id], one) for one in found]


def note_hand_over(receipt_no: str, step: HandOverStep, *, by: str, serials: str | None = None) -> bool:
    """Note a step (``points.hand_over``); ``LookupError`` for an unknown number."""
    with db.reading() as session:
        found = session.execute(
            select(Application.policy_id, Application.id).where(Application.receipt_no == receipt_no)
        ).one_or_none()
    if found is None:
        raise LookupError(receipt_no)
    return points.hand_over(found.policy_id, found.id, step, by=by, serials=serials)
