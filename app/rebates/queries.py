"""Reads of rebates: for the person's status page, for staff, and for the jobs."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import db_rows, policies
from app.rebates.models import EnrolmentState, PurchaseRecord, RebateClosing, RebateEnrolment
from app.rebates.recount import count_enrolment
from app.rebates.rules import CountedPurchase, Period
from app.rebates.terms import periods_of

MAX_SHOWN = 200


@dataclass(frozen=True)
class PeriodView:
    """One period: its days, what it earned so far (points, before the person's cap), and its closing if it had one."""

    period: Period
    earned: int
    granted: int | None
    owed: int


@dataclass(frozen=True)
class PurchaseView:
    """One purchase with what became of it, newest first on the page."""

    at: datetime
    shop_no: str
    counted: CountedPurchase


@dataclass(frozen=True)
class RebateView:
    """Everything the person may know about their rebate; points throughout.

    ``left`` is how far it is to the cap; ``short`` is what was earned and the budget could not cover (BR-37);
    ``waiting_refunds`` are refunds whose purchase nobody has reported.
    """

    cap: int
    entitled: int
    held: int
    allocated: int
    return_due: int
    left: int
    short: int
    periods: tuple[PeriodView, ...]
    next_closing: datetime | None
    purchases: tuple[PurchaseView, ...]
    purchase_count: int
    waiting_refunds: int


def rebate_of(session: Session, policy_id: str, application_id: UUID) -> RebateView | None:
    """What was counted for an application, what not and why; ``None`` for one that collects no purchases."""
    enrolment = session.get(RebateEnrolment, (policy_id, application_id))
    if enrolment is None:
        return None
    document = policies.document_of(session, policy_id, enrolment.policy_version)
    counted = count_enrolment(session, enrolment, document)
    records = session.scalars(
        select(PurchaseRecord).where(
            PurchaseRecord.policy_id == policy_id, PurchaseRecord.application_id == application_id
        )
    ).all()
    by_name = {f"{r.provider_id}/{r.transaction_no}": r for r in records if r.kind == "purchase"}
    waiting = sum(f"{r.provider_id}/{r.purchase_no}" not in by_name for r in records if r.kind == "refund")
    closings = {
        closing.period_no: closing
        for closing in session.scalars(
            select(RebateClosing).where(
                RebateClosing.policy_id == policy_id, RebateClosing.application_id == application_id
            )
        )
    }
    periods = periods_of(document)
    views = tuple(
        PeriodView(period, earned, closing.granted if closing else None, closing.owed if closing else 0)
        for period, earned in zip(periods, counted.earned, strict=True)
        for closing in [closings.get(period.number)]
    )
    is_active = enrolment.state == EnrolmentState.ACTIVE
    still_open = enrolment.state != EnrolmentState.ENDED and enrolment.periods_closed < len(periods)
    entitled = counted.entitled()
    purchases = tuple(
        PurchaseView(by_name[one.transaction_no].at, by_name[one.transaction_no].shop_no, one)
        for one in reversed(counted.purchases[-MAX_SHOWN:])
    )
    return RebateView(
        cap=enrolment.cap,
        entitled=entitled,
        held=enrolment.held,
        allocated=enrolment.allocated,
        return_due=enrolment.return_due,
        left=max(0, enrolment.cap - entitled),
        short=max(0, entitled - enrolment.allocated - enrolment.held) if is_active else 0,
        periods=views,
        next_closing=periods[enrolment.periods_closed].closes_at if still_open else None,
        purchases=purchases,
        purchase_count=len(counted.purchases),
        waiting_refunds=waiting,
    )


def is_enrolled(session: Session, policy_id: str, application_id: UUID) -> bool:
    """Whether the application collects purchases, or did."""
    return session.get(RebateEnrolment, (policy_id, application_id)) is not None


def enrolled_among(session: Session, policy_id: str, application_ids: Collection[UUID]) -> frozenset[UUID]:
    """Which of these applications of a policy collect purchases, or did."""
    rows = select(RebateEnrolment.application_id).where(
        RebateEnrolment.policy_id == policy_id, db_rows.among(RebateEnrolment.application_id, application_ids)
    )
    return frozenset(session.scalars(rows))


def is_over(session: Session, policy_id: str, application_id: UUID) -> bool:
    """Whether the last period of the application is closed."""
    enrolment = session.get(RebateEnrolment, (policy_id, application_id))
    if enrolment is None:
        return False
    document = policies.document_of(session, policy_id, enrolment.policy_version)
    return enrolment.periods_closed >= len(periods_of(document))


def active_enrolments(session: Session, policy_id: str) -> list[UUID]:
    """The applications of a policy whose purchases take points."""
    return list(
        session.scalars(
            select(RebateEnrolment.application_id)
            .where(RebateEnrolment.policy_id == policy_id, RebateEnrolment.state == EnrolmentState.ACTIVE)
            .order_by(RebateEnrolment.application_id)
        )
    )


def returns_due(session: Session) -> list[tuple[str, UUID]]:
    """Every application of which a refund has made points due for return."""
    rows = session.execute(
        select(RebateEnrolment.policy_id, RebateEnrolment.application_id).where(RebateEnrolment.return_due > 0)
    )
    return [(row.policy_id, row.application_id) for row in rows]
