"""Counts an application's purchases again and brings what is held for them into line, within the free budget.

Always from the whole set of records and never by adding to what was there: so neither the order of arrival nor a
report that comes twice can change the outcome. The only thing that order decides is who gets the last of a budget.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import clock, events, policies, shops
from app.points import Account, Book, LedgerEvent, lock_held
from app.policies import PolicyDocument
from app.rebates.happenings import RebateReturnDue
from app.rebates.models import EnrolmentState, PurchaseRecord, RebateEnrolment
from app.rebates.rules import Count, Line, Purchase, Reason, Refund, count
from app.rebates.terms import periods_of, terms_of
from app.shops import Purpose, ShopList


def recount(session: Session, enrolment: RebateEnrolment) -> Count:
    """Count, then reserve and commit what is missing or give back what is too much (domain.md 5.5).

    At the edge of the budget only what is free is taken (BR-37). After the last period nothing more is taken; what a
    refund then makes too much is due for return (BR-38). Ends with the policy's counter row: the caller's last act.
    """
    document = policies.document_of(session, enrolment.policy_id, enrolment.policy_version)
    counted = count_enrolment(session, enrolment, document)
    book = Book(session, enrolment.policy_id)
    hold(session, book, enrolment, document, counted)
    book.close()
    return counted


def hold(session: Session, book: Book, enrolment: RebateEnrolment, document: PolicyDocument, counted: Count) -> None:
    """Bring ``held`` to what the count is worth beyond what was allocated; the caller closes the book last."""
    if enrolment.state != EnrolmentState.ACTIVE:
        return
    is_over = enrolment.periods_closed >= len(periods_of(document))
    too_much = max(0, enrolment.allocated - counted.entitled())
    if is_over:
        _return(session, book, enrolment, too_much)
    change = max(0, counted.entitled() - enrolment.allocated) - enrolment.held
    names = {"application_id": enrolment.application_id, "person_id": enrolment.person_id}
    if change < 0:
        book.post(LedgerEvent.UNCOMMIT, -change, **names)
    elif change > 0:
        change = 0 if is_over else min(change, policies.counters.lock_free_budget(session, enrolment.policy_id))
        if change:
            book.post(LedgerEvent.RESERVE, change, **names)
            book.post(LedgerEvent.COMMIT, change, **names)
    enrolment.held += change
    session.flush()


def count_enrolment(session: Session, enrolment: RebateEnrolment, document: PolicyDocument) -> Count:
    """The purchases of one application under the terms it applied for."""
    terms = terms_of(document, cap_per_person=enrolment.cap, applied_at=enrolment.applied_at)
    records = session.scalars(
        select(PurchaseRecord).where(
            PurchaseRecord.policy_id == enrolment.policy_id,
            PurchaseRecord.application_id == enrolment.application_id,
        )
    ).all()
    listed = shops.listed_shops(session, enrolment.policy_id, Purpose.EARN, {record.shop_no for record in records})
    limited = document.axes.earn_shop_limited
    # Two providers may use the same number: the provider is part of every name of a purchase.
    purchases = [
        Purchase(
            f"{record.provider_id}/{record.transaction_no}",
            record.at,
            _lines(record),
            _listing(record, listed) if limited else "",
            record.too_late,
        )
        for record in records
        if record.kind == "purchase"
    ]
    refunds = [
        Refund(f"{record.provider_id}/{record.purchase_no}", _lines(record))
        for record in records
        if record.kind == "refund"
    ]
    return count(terms, purchases, refunds)


def _listing(record: PurchaseRecord, listed: ShopList | None) -> str | Reason:
    if listed is None:
        return Reason.SHOPS_NOT_KNOWN
    group = listed.group_of(record.service_id, record.shop_no, clock.local(record.at).date())
    return Reason.SHOP_NOT_LISTED if group is None else group


def _lines(record: PurchaseRecord) -> tuple[Line, ...]:
    return tuple(Line(goods, amount) for goods, amount in record.lines)


def _return(session: Session, book: Book, enrolment: RebateEnrolment, too_much: int) -> None:
    """Ask back what is too much, as far as it has been granted; the rest is asked when it is (``settle_returns``)."""
    names = {"application_id": enrolment.application_id, "person_id": enrolment.person_id}
    change = too_much - enrolment.return_due
    if change > 0:
        granted = lock_held(session, enrolment.policy_id, enrolment.application_id, Account.GRANTED)
        change = min(change, granted)
        if change:
            book.post(LedgerEvent.CLAWBACK_OPEN, change, **names)
            events.publish(session, RebateReturnDue(enrolment.policy_id, enrolment.application_id, change))
    elif change < 0:
        still_due = lock_held(session, enrolment.policy_id, enrolment.application_id, Account.RETURN_DUE)
        change = -min(-change, still_due)
        if change:
            book.post(LedgerEvent.CLAWBACK_CANCEL, -change, **names)
            events.publish(session, RebateReturnDue(enrolment.policy_id, enrolment.application_id, change))
    enrolment.return_due += change
