"""紙の申込の方が窓口に来た: the holder of a card takes up the own paper application and chooses its service.

A paper makes a record of its own, without a key, because nobody read a card (``people.recognise_without_card``). At
the counter the card is read and all four items agree: from then on the application is the card holder's. The other
way round it could not be: the holder may have applications elsewhere, and what is said of them is not rewritten.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import audit, cards, db, maintenance, payments, people, points, rebates, screening
from app.applications.assign import Choice, bind_choice, offers_for
from app.applications.draft import check_not_applied_yet
from app.applications.models import Application
from app.applications.review_effects import note
from app.applications.same_person import items_that_differ
from app.applications.standing import drop_drafts_in
from app.applications.states import HOLDS_RESERVED, ApplicationState
from app.cards import EvidenceView
from app.errors import DomainError
from app.payments import Offer
from app.points import Account, LedgerEvent

BENEFICIARY_INDEX = "uq_applications_beneficiary"
_NOBODY = UUID(int=0)


class NotTheSame(Exception):
    """The four items of paper and card do not all agree; ``items`` are the names of those that differ."""

    def __init__(self, items: tuple[str, ...]) -> None:
        super().__init__(", ".join(items))
        self.items = items


@dataclass(frozen=True)
class Sent:
    """An application that was sent and whose service is chosen at a counter."""

    policy_id: str
    application_id: UUID
    receipt_no: str
    amount: int


def find_sent(session: Session, receipt_no: str, holder: EvidenceView) -> Sent:
    """The application of this number, when it is the card holder's, or the paper of one who is alike in all four items.

    Changes nothing. Raises ``LookupError`` for an unknown number, somebody else's, a child's, and whatever only one
    office answers for (BR-31); ``NotTheSame`` for a paper of somebody who may be another person; E206 when the holder
    has another application in this policy, E216 for a guardian's; and as ``assign`` where nothing can be chosen.
    """
    row = session.scalar(select(Application).where(Application.receipt_no == receipt_no))
    if row is None or row.receipt_no is None or _is_hidden(session, row, holder):
        raise LookupError("no such application")
    _check_is_the_holders(session, row, holder)
    offers_for(session, row, None)
    return Sent(row.policy_id, row.id, row.receipt_no, row.amount)


def paper_like(session: Session, policy_id: str, holder: EvidenceView) -> bool:
    """Whether somebody alike waits in this policy with a paper: the same name, birth date and sex (BR-14)."""
    alike = people.persons_alike(session, holder.person_id)
    if not alike:
        return False
    rows = session.scalars(
        select(Application).where(
            Application.policy_id == policy_id,
            Application.applicant_id.in_(alike),
            Application.channel == "paper",
            Application.state.in_((*HOLDS_RESERVED, ApplicationState.WAITLISTED, ApplicationState.APPROVED)),
        )
    )
    return any(_is_of_paper(session, row) and not _is_hidden(session, row, holder) for row in rows)


def offers_at_counter(session: Session, policy_id: str, application_id: UUID, age: int | None) -> list[Offer]:
    """The services that may be chosen for it now, with the reason why not the others."""
    row = session.get(Application, (policy_id, application_id))
    return [] if row is None else offers_for(session, row, age)


def assign_at_counter(policy_id: str, application_id: UUID, evidence_id: UUID, choice: Choice, staff_id: str) -> str:
    """The card's holder has confirmed the choice by the second tap; returns the receipt number.

    A paper becomes the holder's in the same transaction: keyed to the card, once in each policy (BR-13), whoever comes
    first. The same again changes nothing. Raises as ``find_sent`` and ``assign``.
    """
    try:
        with db.transaction() as session:
            maintenance.check_open(session)
            row = session.scalar(
                select(Application)
                .where(Application.policy_id == policy_id, Application.id == application_id)
                .with_for_update()
            )
            holder = cards.evidence_of(session, evidence_id)
            if row is None or row.receipt_no is None or holder is None or _is_hidden(session, row, holder):
                raise LookupError("no such application")
            _check_is_the_holders(session, row, holder)
            if _is_bound_so(session, row, holder, choice):
                return row.receipt_no
            if row.applicant_id != holder.person_id:
                _pass_to(session, row, holder, staff_id)
            bind_choice(session, row, choice, None)
            return row.receipt_no
    except IntegrityError as conflict:
        if getattr(getattr(conflict.orig, "diag", None), "constraint_name", None) != BENEFICIARY_INDEX:
            raise
    with db.reading() as session:  # the holder applied with the card at this very moment
        holder = cards.evidence_of(session, evidence_id)
        if holder is not None:
            check_not_applied_yet(session, policy_id, holder.person_id)
    raise DomainError("E503", ref="")


def _check_is_the_holders(session: Session, row: Application, holder: EvidenceView) -> None:
    if row.applicant_id == holder.person_id:
        return
    paper = cards.evidence_of(session, row.evidence_id)
    if paper is None or not _is_of_paper(session, row):
        raise LookupError("not the card holder's")
    if not holder.is_believed:
        raise NotTheSame(("card",))
    if differing := items_that_differ(paper.items, holder.items):
        raise NotTheSame(differing)
    check_not_applied_yet(session, row.policy_id, holder.person_id)


def _is_bound_so(session: Session, row: Application, holder: EvidenceView, choice: Choice) -> bool:
    """Sent again after a crash: the order may be out already, and nothing is to be said against it."""
    link = payments.link_of_application(session, row.policy_id, row.id)
    service = payments.get_service(session, choice.service_id)
    if row.applicant_id != holder.person_id or link is None or service is None or link.service_id != choice.service_id:
        return False
    index = payments.account_index(service, choice.normalized)
    serves = payments.is_taken(session, row.policy_id, choice.service_id, index, _NOBODY)
    return serves and link.last4 == payments.last4(choice.normalized)


def _is_of_paper(session: Session, row: Application) -> bool:
    """A paper whose person nobody knows by a card yet."""
    own = row.channel == "paper" and row.applicant_id == row.beneficiary_id
    return own and not people.has_key(session, row.applicant_id)


def _is_hidden(session: Session, row: Application, holder: EvidenceView) -> bool:
    """Protected (BR-31) or reported dead, by either record: the office in charge has the turn, and nobody says why."""
    for one in {row.applicant_id, row.beneficiary_id, holder.person_id}:
        stated = screening.stated_about(session, one)
        if stated.support_measure or stated.deceased_on is not None:
            return True
    return False


def _pass_to(session: Session, row: Application, holder: EvidenceView, staff_id: str) -> None:
    """The paper's record gives everything to the card holder's. The database lets one application stand (BR-13)."""
    paper_id = row.applicant_id
    drop_drafts_in(session, row.policy_id, holder.person_id)
    row.applicant_id = row.beneficiary_id = holder.person_id
    session.flush()
    people.pass_readings(session, paper=paper_id, holder=holder.person_id)
    screening.carry_over_facts(session, later=paper_id, earlier=holder.person_id)
    points.pass_grants(session, row.policy_id, row.id, holder.person_id)
    rebates.pass_enrolment(session, row.policy_id, row.id, holder.person_id)
    _pass_points(session, row, paper_id)
    note(session, "application.taken_up", row, "staff", staff_id, paper=audit.pseudonym(paper_id))


def _pass_points(session: Session, row: Application, paper_id: UUID) -> None:
    """What the ledger holds in the name of the paper's record is given back and taken in the holder's name.

    Entries are never rewritten. Nothing moves in sum, so the policy's counters stay and nobody can come in between.
    """
    book = points.Book(session, row.policy_id)
    paper = {"application_id": row.id, "person_id": paper_id}
    holder = {"application_id": row.id, "person_id": row.beneficiary_id}
    if reserved := points.held_for(session, row.policy_id, row.id, Account.RESERVED):
        book.post(LedgerEvent.RELEASE, reserved, **paper)
        book.post(LedgerEvent.RESERVE, reserved, **holder)
    if committed := points.held_for(session, row.policy_id, row.id, Account.COMMITTED):
        book.post(LedgerEvent.UNCOMMIT, committed, **paper)
        book.post(LedgerEvent.RESERVE, committed, **holder)
        book.post(LedgerEvent.COMMIT, committed, **holder)
    book.close()
