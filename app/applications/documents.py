"""The pictures of an application before the staff who review it: looked at one by one, each look on record (BR-59)."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from app import db, documents, policies
from app.applications.models import Application
from app.applications.review_access import is_own_case, is_protected
from app.applications.review_effects import note
from app.documents import DiscardedFor, DocumentView
from app.screening import ReviewRefused, Staff

__all__ = ["DiscardedFor", "DocumentForStaff", "discard_document", "document_for", "documents_of"]

MAY_LOOK = frozenset({"reviewer", "approver"})


@dataclass(frozen=True, slots=True)
class DocumentForStaff:
    """One picture and its receipt number; ``content`` is a JPEG, ``None`` when it is gone or was not asked for."""

    view: DocumentView
    receipt_no: str
    content: bytes | None


def documents_of(session: Session, policy_id: str, application_id: UUID) -> list[DocumentView]:
    """What was sent with an application, oldest first, without the pictures: for the page on which it is reviewed."""
    return documents.documents_of(session, policy_id, application_id)


def document_for(staff: Staff, municipality_code: str, document_id: UUID, *, with_content: bool) -> DocumentForStaff:
    """One picture for a reviewer or approver of the policy's municipality; ``with_content`` it is looked at: recorded.

    Raises ``ReviewRefused`` without the role and ``LookupError`` for an unknown one, another municipality's, their own
    or their child's, and for one whose case is the approvers' alone (BR-31).
    """
    with db.transaction() as session:
        view, application = _own(session, staff, municipality_code, document_id)
        content = documents.content_of(session, view) if with_content else None
        if content is not None:
            note(session, "document.viewed", application, "staff", staff.staff_id, document=str(document_id))
        return DocumentForStaff(view, application.receipt_no or "", content)


def discard_document(staff: Staff, municipality_code: str, document_id: UUID, why: DiscardedFor) -> bool:
    """Erase one picture at once; the event stays without it. False when it was gone. Raises as ``document_for``."""
    with db.transaction() as session:
        view, application = _own(session, staff, municipality_code, document_id)
        if not documents.discard(session, view.policy_id, document_id, staff.staff_id, why):
            return False
        note(session, "document.discarded", application, "staff", staff.staff_id, document=str(document_id), why=why)
        return True


def _own(session: Session, staff: Staff, municipality_code: str, document_id: UUID) -> tuple[DocumentView, Application]:
    if not staff.roles & MAY_LOOK:
        raise ReviewRefused("wrong_role")
    view = documents.find_document(session, document_id)
    if view is None:
        raise LookupError("no such document")
    policy = policies.get(session, view.policy_id)
    if policy is None or policy.document.municipality_code != municipality_code:
        raise LookupError("no such document")
    application = session.get_one(Application, (view.policy_id, view.application_id))
    hidden = is_protected(session, application) and "approver" not in staff.roles
    if hidden or is_own_case(session, application, staff.staff_id):
        raise LookupError("no such document")
    return view, application
