"""Looking at one application without a card: by the receipt's private link and a code that comes by mail."""

from __future__ import annotations

import os
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app import applications, clock, db
from app.notifications.address import send_soon
from app.notifications.codes import CODE_LIFE, Answer, code_from, is_code
from app.notifications.models import MAX_TRIES, ViewCode
from app.notifications.outbox import tell


def send_view_code(receipt_no: str) -> None:
    """Queue a code to the applicant's address. Whoever gave none, and an unknown number, get the same silence."""
    with db.transaction() as session:
        found = _find(session, receipt_no)
        if found is None:
            return
        policy_id, application_id, applicant_id = found
        values = {"nonce": os.urandom(16), "until": clock.now() + CODE_LIFE, "tries": 0}
        session.execute(
            insert(ViewCode)
            .values(policy_id=policy_id, application_id=application_id, **values)
            .on_conflict_do_update(index_elements=["policy_id", "application_id"], set_=values)
        )
        key = f"view_code:{values['nonce'].hex()}"  # type: ignore[attr-defined]  # the bytes above
        tell(session, applicant_id, "view_code", key, about=(policy_id, application_id))
        send_soon(session)


def check_view_code(receipt_no: str, typed: str) -> Answer:
    """Whether this is the code that was sent; it serves once."""
    with db.transaction() as session:
        found = _find(session, receipt_no)
        row = session.get(ViewCode, found[:2], with_for_update=True) if found else None
        if row is None or row.until <= clock.now() or row.tries >= MAX_TRIES:
            return Answer.OVER
        row.tries += 1
        if not is_code(view_code_of(row), typed):
            return Answer.OVER if row.tries >= MAX_TRIES else Answer.WRONG
        session.delete(row)
        return Answer.CONFIRMED


def view_code_of(row: ViewCode) -> str:
    """The six digits."""
    return code_from("view_code", row.nonce)


def view_without_card(session: Session, receipt_no: str) -> applications.ApplicationView | None:
    """The application for who typed its code; ``None`` when it is gone. The page limits what of it is shown."""
    found = _find(session, receipt_no)
    return applications.view_by_receipt(session, receipt_no, found[2]) if found else None


def _find(session: Session, receipt_no: str) -> tuple[str, UUID, UUID] | None:
    people = applications.people_of_receipt(session, receipt_no)
    view = applications.view_by_receipt(session, receipt_no, people[0]) if people else None
    return (view.policy_id, view.application_id, people[0]) if view else None
