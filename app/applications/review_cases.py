"""What staff see of a review: the queue of their municipality, and one case with everything they decide by.

Who is protected is seen by the office in charge alone: for everybody else such a case is not there (BR-31).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import audit, cards, db, people, policies, screening
from app.applications.childs_amount import ChildsAmount, of_application
from app.applications.documents import documents_of
from app.applications.models import Application
from app.applications.receipt_no import is_receipt_no
from app.applications.review import review_queue
from app.applications.review_access import is_own_case, is_protected
from app.applications.states import ApplicationState
from app.cards import EvidenceView
from app.documents import DocumentView
from app.people import BirthsOnRecord
from app.policies import CheckKind, PolicyDocument
from app.screening import CheckView, InquiryView, Objection, ProposalView, QueueItem, RefusalLetter, Staff

CASES_SHOWN = 200


@dataclass(frozen=True, slots=True)
class CaseLine:
    """One application in the queue, with its checks that wait. Nothing personal."""

    receipt_no: str
    policy_title: str
    state: ApplicationState
    waiting: tuple[CheckKind, ...]
    since: datetime
    taken_by: tuple[str, ...]
    awaits_second_person: bool


@dataclass(frozen=True, slots=True)
class ReviewCase:
    """One application for its reviewer and its approver. ``beneficiary`` is ``None`` once it is erased."""

    policy_id: str
    application_id: UUID
    receipt_no: str
    document: PolicyDocument
    state: ApplicationState
    submitted_at: datetime
    came_at: datetime | None
    came_at_reason: str | None
    """Why the time was written by hand, and by whom (``came_at_by``); ``None`` where a ticket says it."""
    came_at_by: str | None
    amount: int
    duplicate_suspected: bool
    beneficiary: EvidenceView | None
    guardian: EvidenceView | None
    guardian_relation: str | None
    guardian_reason: str | None
    checks: tuple[CheckView, ...]
    proposals: dict[CheckKind, ProposalView]
    inquiries: tuple[InquiryView, ...]
    letters: tuple[RefusalLetter, ...]
    objection: Objection | None
    childs_amount: ChildsAmount | None
    births: BirthsOnRecord | None
    documents: tuple[DocumentView, ...]
    is_viewers_own: bool


def cases_of(session: Session, municipality_code: str, *, protected_too: bool) -> list[CaseLine]:
    """What the staff of a municipality have to decide, oldest first. ``protected_too``: for the office in charge."""
    lines: list[CaseLine] = []
    for policy_id in policies.of_municipality(session, municipality_code):
        lines += _lines_of(session, policy_id, protected_too=protected_too)
    return sorted(lines, key=lambda line: line.since)[:CASES_SHOWN]


def _lines_of(session: Session, policy_id: str, *, protected_too: bool) -> Iterator[CaseLine]:
    items: dict[UUID, list[QueueItem]] = {}
    for item in review_queue(session, policy_id):
        items.setdefault(item.application_id, []).append(item)
    if not items:
        return
    documents = policies.current_documents(session, [policy_id])
    found = session.scalars(
        select(Application).where(Application.policy_id == policy_id, Application.id.in_(items)).limit(len(items))
    )
    for row in found:
        own = items[row.id]
        if row.receipt_no is None or (is_protected(session, row) and not protected_too):
            continue
        yield CaseLine(
            receipt_no=row.receipt_no,
            policy_title=documents[policy_id].title,
            state=ApplicationState(row.state),
            waiting=tuple(item.kind for item in own),
            since=min(item.since for item in own),
            taken_by=tuple(sorted({item.assigned_to for item in own if item.assigned_to})),
            awaits_second_person=bool(screening.proposals_of(session, policy_id, row.id)),
        )


def look_at_case(receipt_no: str, municipality_code: str, staff: Staff, *, protected_too: bool) -> ReviewCase | None:
    """One case of the municipality; who looked at it is on record. ``None`` for any that is not theirs to see."""
    with db.transaction() as session:
        row = _case_row(session, receipt_no, municipality_code)
        if row is None or (is_protected(session, row) and not protected_too):
            return None
        audit.record(
            session,
            "application.looked_at",
            actor_kind="staff",
            actor=staff.staff_id,
            policy_id=row.policy_id,
            object_kind="application",
            object_id=str(row.id),
        )
        return _case(session, row, staff)


def _case_row(session: Session, receipt_no: str, municipality_code: str) -> Application | None:
    if not is_receipt_no(receipt_no):
        return None
    row = session.scalar(select(Application).where(Application.receipt_no == receipt_no))
    if row is None or row.policy_id not in policies.of_municipality(session, municipality_code):
        return None
    return row


def _case(session: Session, row: Application, staff: Staff) -> ReviewCase:
    assert row.receipt_no is not None
    assert row.submitted_at is not None
    key = (row.policy_id, row.id)
    document = policies.document_of(session, row.policy_id, row.policy_version)
    guardian = cards.evidence_of(session, row.guardian_evidence_id) if row.guardian_evidence_id else None
    counts = policies.counts_children(document)
    return ReviewCase(
        policy_id=row.policy_id,
        application_id=row.id,
        receipt_no=row.receipt_no,
        document=document,
        state=ApplicationState(row.state),
        submitted_at=row.submitted_at,
        came_at=row.came_at,
        came_at_reason=row.came_at_reason,
        came_at_by=row.came_at_by,
        amount=row.amount,
        duplicate_suspected=row.duplicate_suspected and not row.cleared_by_staff,
        beneficiary=cards.evidence_of(session, row.evidence_id),
        guardian=guardian,
        guardian_relation=row.guardian_relation,
        guardian_reason=row.guardian_reason,
        checks=tuple(screening.checks_of(session, *key)),
        proposals={one.kind: one for one in screening.proposals_of(session, *key)},
        inquiries=tuple(screening.inquiries_of(session, *key)),
        letters=tuple(screening.letters_of(session, *key)),
        objection=screening.objection_of(session, *key),
        childs_amount=of_application(session, row, document),
        births=people.births_of(session, row.beneficiary_id, document.municipality_code) if counts else None,
        documents=tuple(documents_of(session, *key)),
        is_viewers_own=is_own_case(session, row, staff.staff_id),
    )
