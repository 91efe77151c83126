"""What erasing a person means for rebates (BR-65): taking part ends, and where and what was bought is forgotten.

The yen of each purchase stay, because points were given for them. What a provider reports about the person from then on
has nobody to belong to: ``not_enrolled``, and nothing of it is kept.
"""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.points import Book, LedgerEvent
from app.rebates.enrol import end, locked_enrolment
from app.rebates.models import PurchaseRecord


def erase_purchases(session: Session, applications: Collection[tuple[str, UUID]]) -> int:
    """End these applications' part and empty their purchases; returns how many. Again finds nothing more.

    A rest that was too small for the service's unit (BR-41) goes back to the budget: it can't be granted any more.
    """
    emptied = 0
    for policy_id, application_id in sorted(applications):
        try:
            person_id = locked_enrolment(session, policy_id, application_id).person_id
        except LookupError:
            continue  # no rebate
        rest = end(session, policy_id, application_id)
        if rest:
            book = Book(session, policy_id)
            book.post(LedgerEvent.UNCOMMIT, rest, application_id=application_id, person_id=person_id)
            book.close()
        gone = session.execute(
            update(PurchaseRecord)
            .where(
                PurchaseRecord.policy_id == policy_id,
                PurchaseRecord.application_id == application_id,
                PurchaseRecord.shop_no != "",
            )
            .values(shop_no="", lines=[])
            .returning(PurchaseRecord.transaction_no)
            .execution_options(synchronize_session=False)
        )
        emptied += len(gone.all())
    return emptied
