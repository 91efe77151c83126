"""Staff know that two records are one person: a certificate was renewed between two visits (BR-15)."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app import audit, db, people, screening
from app.applications.models import Application
from app.applications.standing import drop_drafts
from app.applications.states import ApplicationState
from app.screening import Staff

_S = ApplicationState
_HOLDS_NOTHING = frozenset({_S.REJECTED_FINAL, _S.REJECTED, _S.WITHDRAWN, _S.LAPSED, _S.CLOSED_OUT, _S.ABANDONED})


class LinkRefused(Exception):
    """The later record has applications of its own that are not over without a benefit: these come first."""

    def __init__(self, receipts: list[str]) -> None:
        super().__init__(", ".join(receipts))
        self.receipts = tuple(receipts)


def link_persons(later: UUID, earlier: UUID, staff: Staff) -> people.KeysLinked:
    """The renewed card is the earlier person's from here on: applications go on, totals join, nobody applies twice.

    Keys, readings and statements go over; drafts of the later record are dropped; evidence, which never changes, keeps
    the record it was made for. Raises ``LinkRefused`` while it has
    an application that could still bring, or has brought, a benefit: staff refuse that one first, so that what the
    ledger says of a person is never rewritten. ``LookupError`` for an unknown record.
    """
    screening.check_role(staff, "approver")
    with db.transaction() as session:
        linked = people.link_key(session, later=later, earlier=earlier)
        _check_nothing_held(session, later)
        drop_drafts(session, later)
        screening.carry_over_facts(session, later=later, earlier=earlier)
        people.carry_over_births(session, later=later, earlier=earlier)
        audit.record(
            session,
            "person.keys_linked",
            actor_kind="staff",
            actor=staff.staff_id,
            object_kind="person",
            object_id=audit.pseudonym(earlier),
            facts={"later": audit.pseudonym(later), "keys": linked.keys},
        )
        return linked


def _check_nothing_held(session: Session, person_id: UUID) -> None:
    held = session.scalars(
        select(Application.receipt_no)
        .where(
            or_(Application.applicant_id == person_id, Application.beneficiary_id == person_id),
            Application.state.not_in([*_HOLDS_NOTHING, _S.STARTED]),
        )
        .order_by(Application.receipt_no)
    )
    if receipts := [receipt or "" for receipt in held]:
        raise LinkRefused(receipts)
