"""DOC_AT_COUNTER: staff tick that they saw a document; kind, day and who are kept, no copy of it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from app import applications, cards, db, policies, screening
from app.counter.choosing import CHOOSE
from app.counter.models import CounterSession
from app.counter.states import CounterState
from app.counter.visit import VisitOver, live_visit, note
from app.organisations import SignedInStaff
from app.policies import PolicyDocument

_WHILE_EDITING = (CounterState.EDITING, CounterState.READ_BACK)
GUARDIANSHIP = "保護者(法定代理人)であることが分かる書類"
"""Asked for by no policy: it shows the relation where the cards of one home do not."""


@dataclass(frozen=True)
class DocumentToSee:
    """One document that the policy asks for, and whether it was seen."""

    number: int
    name: str
    seen: bool


def documents_of(document: PolicyDocument) -> list[str]:
    """The documents that the policy wants shown at a counter."""
    tree = policies.leaves_of(policies.tree_of(document))
    return [leaf.document for leaf in tree if isinstance(leaf, policies.DocumentSeen)]


def documents_to_see(staff: SignedInStaff) -> list[DocumentToSee]:
    """For the visit that is going on; empty before the card is bound."""
    with db.transaction() as session:
        row = live_visit(session, staff.terminal_id)
        if row is None or row.person_id is None or row.state not in _WHILE_EDITING or row.errand == CHOOSE:
            return []
        policy = policies.get(session, row.policy_id)
        if policy is None:
            return []
        stated = screening.stated_about(session, _beneficiary(session, row))
        names = documents_of(policy.document)
        found = [DocumentToSee(n, name, name in stated.documents_seen) for n, name in enumerate(names)]
        if row.guardian_evidence_id is not None:
            found.append(DocumentToSee(len(names), GUARDIANSHIP, str(row.person_id) in stated.guardians))
        return found


def see_document(staff: SignedInStaff, visit_id: UUID | None, number: int) -> None:
    """Staff saw the document of this visit with their own eyes. Raises ``VisitOver``, ``LookupError``."""
    with db.transaction() as session:
        row = live_visit(session, staff.terminal_id)
        if row is None or row.id != visit_id or row.person_id is None or row.state not in _WHILE_EDITING:
            raise VisitOver
        policy = policies.get(session, row.policy_id)
        names = documents_of(policy.document) if policy else []
        of_guardian = row.guardian_evidence_id is not None and number == len(names)
        if not 0 <= number < len(names) and not of_guardian:
            raise LookupError("no such document")
        guardian_id, beneficiary_id = row.person_id, _beneficiary(session, row)
        note(session, "counter.document_seen", row, document=str(number))
    who = screening.Staff(staff.staff_id, frozenset({"counter"}))
    if of_guardian:
        applications.record_guardianship(beneficiary_id, guardian_id, who)
    else:
        applications.record_document_seen(beneficiary_id, names[number], who)


def _beneficiary(session: Session, row: CounterSession) -> UUID:
    """Whom the documents are about: the child where a guardian applies."""
    evidence = cards.evidence_of(session, row.evidence_id) if row.evidence_id else None
    if evidence is None:
        raise VisitOver
    return evidence.person_id
