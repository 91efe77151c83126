"""What erasing a person means for rebates (BR-65): taking part ends, and where and what was bought is forgotten.

The yen of each purchase stay, because points were given for them. What a provider reports about the person from then
on has nobody to belong to: ``not_enrolled``, and nothing of it is kept. The digests go, too: who knows the shops could
find by trying which purchase makes one.
"""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select, tuple_, update
from sqlalchemy.orm import Session

from app import db
from app.points import ERASED, Book, LedgerEvent
from app.rebates.enrol import end, locked_enrolment
from app.rebates.models import PurchaseRecord, PutAside, PutAsideDecision


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
        emptied += _empty_put_aside(session, policy_id, _tells_of(policy_id, application_id))
        gone = session.execute(
            update(PurchaseRecord)
            .where(
                PurchaseRecord.policy_id == policy_id,
                PurchaseRecord.application_id == application_id,
                or_(PurchaseRecord.shop_no != "", PurchaseRecord.digest != b""),
            )
            .values(shop_no="", lines=[], digest=b"")
            .returning(PurchaseRecord.transaction_no)
            .execution_options(synchronize_session=False)
        )
        emptied += len(gone.all())
        rest = end(session, policy_id, application_id)
        if rest:
            book = Book(session, policy_id)
            book.post(LedgerEvent.UNCOMMIT, rest, application_id=application_id, person_id=person_id)
            book.close()
    return emptied


def erase_put_aside(session: Session, policy_id: str) -> int:
    """For the end of a policy's retention: empty whatever else was put aside, whoever it told of; returns how many."""
    return _empty_put_aside(session, policy_id, PutAside.policy_id == policy_id)


def _tells_of(policy_id: str, application_id: UUID) -> ColumnElement[bool]:
    """What was reported for the application, or under the number of a purchase of it."""
    own = select(PurchaseRecord.provider_id, PurchaseRecord.transaction_no).where(
        PurchaseRecord.policy_id == policy_id, PurchaseRecord.application_id == application_id
    )
    return or_(
        PutAside.application_id == application_id, tuple_(PutAside.provider_id, PutAside.transaction_no).in_(own)
    )


def _empty_put_aside(session: Session, policy_id: str, which: ColumnElement[bool]) -> int:
    """What was reported, and what staff noted when they decided about it. Returns how many reports held something."""
    told = select(PutAside.id).where(PutAside.policy_id == policy_id, which)
    noted = (
        update(PutAsideDecision)
        .where(PutAsideDecision.put_aside_id.in_(told), PutAsideDecision.note != ERASED)
        .values(note=ERASED)
        .execution_options(synchronize_session=False)
    )
    empty = (
        update(PutAside)
        .where(PutAside.policy_id == policy_id, which, PutAside.content != {})
        # The digest is part of what tells reports apart: the row's own id in its place tells nothing.
        .values(content={}, digest=func.uuid_send(PutAside.id))
        .returning(PutAside.id)
        .execution_options(synchronize_session=False)
    )
    with db.erasing(session):
        session.execute(noted)
        return len(session.execute(empty).all())
