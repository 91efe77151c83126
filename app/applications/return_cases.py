"""What staff see of return cases: those of their municipality, and one with its person and its history.

Who is protected is seen by the office in charge alone: for everybody else such a case is not there (BR-31).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import audit, cards, db, policies, returns
from app.applications.models import Application
from app.applications.receipt_no import is_receipt_no
from app.applications.review import office_of
from app.applications.review_access import check_has_no_part, is_own_case, is_protected
from app.cards import EvidenceView
from app.returns import ReturnRecord, ReturnState
from app.screening import Staff

RETURNS_SHOWN = 200


@dataclass(frozen=True, slots=True)
class ReturnLine:
    """One case in the list. Nothing personal."""

    record: ReturnRecord
    receipt_no: str
    policy_title: str


@dataclass(frozen=True, slots=True)
class ReturnFile:
    """One case for those who work on it. ``beneficiary`` is ``None`` once it is erased."""

    record: ReturnRecord
    receipt_no: str
    policy_title: str
    office: str
    beneficiary: EvidenceView | None
    is_viewers_own: bool


def returns_of(
    session: Session,
    municipality_code: str,
    *,
    states: Collection[ReturnState],
    policy_id: str | None,
    protected_too: bool,
) -> list[ReturnLine]:
    """The cases of a municipality, or of one of its policies, in these states, the oldest first."""
    own = policies.of_municipality(session, municipality_code)
    wanted = [one for one in own if policy_id in (None, one)]
    records = returns.records_in(session, wanted, states=states, most=RETURNS_SHOWN)
    rows = session.scalars(
        select(Application).where(
            Application.policy_id.in_({one.policy_id for one in records}),
            Application.id.in_([one.application_id for one in records]),
        )
    )
    found = {row.id: row for row in rows if protected_too or not is_protected(session, row)}
    titles = policies.current_documents(session, wanted)
    return [
        ReturnLine(one, found[one.application_id].receipt_no or "", titles[one.policy_id].title)
        for one in records
        if one.application_id in found
    ]


def titles_of_municipality(session: Session, municipality_code: str) -> list[tuple[str, str]]:
    """The policies of a municipality by id and title, for a filter."""
    own = policies.of_municipality(session, municipality_code)
    documents = policies.current_documents(session, own)
    return [(policy_id, documents[policy_id].title) for policy_id in own if policy_id in documents]


def look_at_return(case_id: UUID, municipality_code: str, staff: Staff, *, protected_too: bool) -> ReturnFile | None:
    """One case of the municipality; who looked at it is on record. ``None`` for any that is not theirs to see."""
    with db.transaction() as session:
        record = returns.record_of(session, policies.of_municipality(session, municipality_code), case_id)
        if record is None:
            return None
        row = session.get_one(Application, (record.policy_id, record.application_id))
        if is_protected(session, row) and not protected_too:
            return None
        audit.record(
            session,
            "return.looked_at",
            actor_kind="staff",
            actor=staff.staff_id,
            policy_id=row.policy_id,
            object_kind="return_case",
            object_id=str(case_id),
        )
        return ReturnFile(
            record=record,
            receipt_no=row.receipt_no or "",
            policy_title=policies.document_of(session, row.policy_id, row.policy_version).title,
            office=office_of(session, row.policy_id),
            beneficiary=cards.evidence_of(session, row.evidence_id),
            is_viewers_own=is_own_case(session, row, staff.staff_id),
        )


def check_no_part_in_return(record: ReturnRecord, staff: Staff) -> None:
    """Raise ``ReviewRefused`` (``same_person``) for who said who the person is, or is the person or the guardian."""
    with db.reading() as session:
        row = session.get_one(Application, (record.policy_id, record.application_id))
        check_has_no_part(session, row, staff)


def application_to_take_back(receipt_no: str, municipality_code: str) -> tuple[str, UUID] | None:
    """The application of this receipt number, if it is of this municipality and its people not protected."""
    if not is_receipt_no(receipt_no):
        return None
    with db.reading() as session:
        row = session.scalar(select(Application).where(Application.receipt_no == receipt_no))
        own = policies.of_municipality(session, municipality_code)
        return (
            None if row is None or row.policy_id not in own or is_protected(session, row) else (row.policy_id, row.id)
        )
