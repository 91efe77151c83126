"""DOC_AT_COUNTER: staff tick that they saw a document; kind, day and who are kept, no copy of it."""

from __future__ import annotations

from dataclasses import dataclass

from app import applications, db, policies, screening
from app.counter.states import CounterState
from app.counter.visit import VisitOver, live_visit, note
from app.organisations import SignedInStaff
from app.policies import PolicyDocument


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
        if row is None or row.person_id is None:
            return []
        policy = policies.get(session, row.policy_id)
        if policy is None:
            return []
        seen = screening.stated_about(session, row.person_id).documents_seen
        return [DocumentToSee(n, name, name in seen) for n, name in enumerate(documents_of(policy.document))]


def see_document(staff: SignedInStaff, number: int) -> None:
    """Staff saw the document with their own eyes. Raises ``VisitOver``, ``LookupError``."""
    with db.transaction() as session:
        row = live_visit(session, staff.terminal_id)
        if row is None or row.person_id is None or row.state not in (CounterState.EDITING, CounterState.READ_BACK):
            raise VisitOver
        policy = policies.get(session, row.policy_id)
        names = documents_of(policy.document) if policy else []
        if not 0 <= number < len(names):
            raise LookupError("no such document")
        person_id, name = row.person_id, names[number]
        note(session, "counter.document_seen", row, document=str(number))
    who = screening.Staff(staff.staff_id, frozenset({"counter"}))
    applications.record_document_seen(person_id, name, who)
