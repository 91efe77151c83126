"""How much a tiered application takes: held at its most until the municipality's register says which child it is.

The card says at which stage of school a child is, the register which child of the family (BR-29). Until both are known
the application holds the largest amount that it may come to, so that the last money is never promised twice (BR-34);
what the right step does not need goes back at once. What cannot be told is for staff, and never a refusal (BR-32).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sqlalchemy.orm import Session

from app import cards, clock, people, points, policies
from app.applications.models import Application
from app.applications.states import HOLDS_RESERVED
from app.cards import EvidenceView
from app.people import FamilyBirths
from app.policies import PolicyDocument
from app.screening import ReviewRefused


class Counted(StrEnum):
    """What is known of a child's place; only ``settled`` has an amount that somebody may be told as theirs."""

    NOT_RECORDED = "not_recorded"
    TWINS = "twins"
    """Of children born on one day the register must name the order; nobody guesses."""
    BEYOND = "beyond"
    """The child itself does not count any more on the day."""
    NO_TIER = "no_tier"
    SETTLED = "settled"


@dataclass(frozen=True, slots=True)
class ChildsAmount:
    """``amount``: whole points to hold; the benefit itself once ``settled``. ``nth``: which child, where known."""

    counted: Counted
    amount: int
    nth: int | None = None
    on: date | None = None

    @property
    def is_settled(self) -> bool:
        """Whether the amount is the child's."""
        return self.counted is Counted.SETTLED


def childs_amount(
    session: Session, document: PolicyDocument, evidence: EvidenceView | None, applied_on: date
) -> ChildsAmount | None:
    """What the register and the card say now; ``None`` where the amount does not depend on which child it is."""
    if not policies.counts_children(document):
        return None
    on = policies.counting_day(document, applied_on)
    found = people.births_of(session, evidence.person_id, document.municipality_code) if evidence else None
    birth = found.births.child.day if found else evidence.birth_date if evidence else None
    if found is None:
        return ChildsAmount(Counted.NOT_RECORDED, _most(document, on, birth), on=on)
    try:
        nth = _nth(document, found.births, on)
    except ValueError:
        return ChildsAmount(Counted.BEYOND, _most(document, on, birth), on=on)
    if nth is None:
        return ChildsAmount(Counted.TWINS, _most(document, on, birth), on=on)
    tiers = policies.tiers_possible(document, on=on, birth=birth, nth=nth)
    if not tiers:
        return ChildsAmount(Counted.NO_TIER, _most(document, on, birth), nth, on)
    return ChildsAmount(Counted.SETTLED, tiers[0].amount, nth, on)


def amounts_possible(session: Session, document: PolicyDocument, application: Application) -> tuple[int, ...]:
    """Every amount that the application may come to, whole points; empty where purchases decide.

    What a service must be able to take: the amount is settled only after the service is chosen.
    """
    found = of_application(session, application, document)
    if found is None or found.is_settled:
        return (application.amount,) if application.amount else ()
    evidence = cards.evidence_of(session, application.evidence_id)
    birth = evidence.birth_date if evidence else None
    possible = policies.tiers_possible(document, on=found.on or clock.today(), birth=birth)
    return tuple(sorted({tier.amount for tier in possible} | {application.amount}))


def amount_to_hold(
    session: Session, document: PolicyDocument, evidence: EvidenceView | None, applied_on: date, otherwise: int
) -> int:
    """What a draft shows and a submit reserves; ``otherwise`` where every child gets the same."""
    found = childs_amount(session, document, evidence, applied_on)
    return otherwise if found is None else found.amount


def of_application(session: Session, application: Application, document: PolicyDocument) -> ChildsAmount | None:
    """The same for an application, as of the day on which it was sent."""
    if not policies.counts_children(document):
        return None
    evidence = cards.evidence_of(session, application.evidence_id)
    return childs_amount(session, document, evidence, _applied_on(application))


def settle_amount(
    session: Session, book: points.Book, application: Application, document: PolicyDocument
) -> ChildsAmount | None:
    """Bring the application's amount, and what is reserved for it, to what is known now; the caller closes the book.

    More than was held needs free budget: closing the book raises E209 without it.
    """
    found = of_application(session, application, document)
    if found is None or found.amount == application.amount:
        return found
    too_much = application.amount - found.amount
    if application.state in HOLDS_RESERVED:
        book.post(
            points.LedgerEvent.RELEASE if too_much > 0 else points.LedgerEvent.RESERVE,
            abs(too_much),
            application_id=application.id,
            person_id=application.beneficiary_id,
        )
    application.amount = found.amount
    return found


def check_is_settled(found: ChildsAmount | None) -> None:
    """Nobody approves an amount that is not known: ``ReviewRefused`` says what is missing."""
    if found is not None and not found.is_settled:
        raise ReviewRefused("no_tier" if found.counted in (Counted.NO_TIER, Counted.BEYOND) else "amount_open")


def _nth(document: PolicyDocument, births: FamilyBirths, on: date) -> int | None:
    until = policies.counted_until(document)
    if until is None:
        return None
    # A child born after the day did not count on it.
    siblings = [one for one in births.siblings if one.day <= on]
    return people.nth_child(births.child, siblings, on=on, counted_until=until)


def _most(document: PolicyDocument, on: date, birth: date | None) -> int:
    possible = policies.tiers_possible(document, on=on, birth=birth)
    return max(tier.amount for tier in possible or policies.tiers_possible(document, on=on))


def _applied_on(application: Application) -> date:
    return clock.local(application.came_at or application.submitted_at or clock.now()).date()
