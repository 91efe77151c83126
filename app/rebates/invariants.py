"""Compares enrolments with purchases, closings, grants and the ledger; part of ``points.check_invariants``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import points, policies
from app.points import Account, Difference
from app.rebates.models import EnrolmentState, RebateClosing, RebateEnrolment
from app.rebates.recount import count_enrolment


def check_rebates(session: Session, policy_id: str | None) -> Iterator[Difference]:
    """Every difference: what is held is committed, what is allocated is granted, and no more than was earned."""
    enrolments = select(RebateEnrolment)
    if policy_id is not None:
        enrolments = enrolments.where(RebateEnrolment.policy_id == policy_id)
    of_policy: dict[str, list[RebateEnrolment]] = defaultdict(list)
    for enrolment in session.scalars(enrolments):
        of_policy[enrolment.policy_id].append(enrolment)
    for found, mine in of_policy.items():
        yield from _of_policy(session, found, mine)


def _of_policy(session: Session, policy_id: str, enrolments: list[RebateEnrolment]) -> Iterator[Difference]:
    committed = points.balances_of(session, policy_id, Account.COMMITTED)
    grants = points.grant_totals(session, policy_id)
    closed = _closings(session, policy_id)
    for enrolment in enrolments:
        who = enrolment.application_id
        granted, planned = grants.get(who, (0, 0))
        periods, allocated = closed.get(who, (0, 0))
        document = policies.document_of(session, policy_id, enrolment.policy_version)
        earned = max(0, count_enrolment(session, enrolment, document).entitled() - enrolment.allocated)
        # What was withdrawn left COMMITTED; its grants stay planned, and are never ordered.
        planned = 0 if enrolment.state == EnrolmentState.ENDED else planned
        compared = (
            ("held and planned", enrolment.held + planned, committed.get(who, 0)),
            ("allocated", enrolment.allocated, granted),
            ("allocated by closings", enrolment.allocated, allocated),
            ("periods closed", enrolment.periods_closed, periods),
            # Less may be held where the budget had no more; more never.
            ("held beyond what was earned", 0, max(0, enrolment.held - earned)),
        )
        for what, expected, actual in compared:
            if expected != actual:
                yield Difference(policy_id, f"rebate of application {who}: {what}", expected, actual)


def _closings(session: Session, policy_id: str) -> dict[UUID, tuple[int, int]]:
    rows = session.execute(
        select(RebateClosing.application_id, func.count(), func.sum(RebateClosing.granted))
        .where(RebateClosing.policy_id == policy_id)
        .group_by(RebateClosing.application_id)
    )
    return {application_id: (int(number), int(granted)) for application_id, number, granted in rows}
