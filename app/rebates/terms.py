"""Reads a policy's document as the terms of its rebate: the periods and when each is granted."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from app import clock
from app.policies import PolicyDocument, Rate
from app.rebates.rules import Period, Terms, fold_goods


class NotARebate(Exception):
    """The policy gives no share of purchases."""


def rate_of(document: PolicyDocument) -> Rate:
    """The benefit of a rebate policy; ``NotARebate`` for any other."""
    if not isinstance(document.benefit, Rate):
        raise NotARebate(document.policy_id)
    return document.benefit


def periods_of(document: PolicyDocument) -> tuple[Period, ...]:
    """The periods of purchases, numbered from one. Each closes at 0:00 in Japan after its last day of reports."""
    benefit, window = rate_of(document), document.window
    assert window.purchase_from is not None
    assert window.purchase_to is not None
    ends = [window.purchase_to]
    if benefit.periods == "month":
        ends = _month_ends(window.purchase_from, window.purchase_to)
    starts = [window.purchase_from, *(end + timedelta(days=1) for end in ends[:-1])]
    return tuple(
        Period(number, first, last, _closing(last, benefit.report_days))
        for number, (first, last) in enumerate(zip(starts, ends, strict=True), start=1)
    )


def terms_of(document: PolicyDocument, *, cap_per_person: int, applied_at: datetime) -> Terms:
    """The terms for one application; ``cap_per_person`` is what an earlier round left of it (BR-17)."""
    benefit = rate_of(document)
    return Terms(
        rate_percent=benefit.rate_percent,
        rounding=benefit.rounding,
        cap_per_person=cap_per_person,
        cap_per_transaction=benefit.cap_per_transaction,
        cap_per_period=benefit.cap_per_period,
        shop_group_caps=benefit.shop_group_caps,
        excluded_goods=frozenset(map(fold_goods, document.excluded_goods)),
        periods=periods_of(document),
        counts_from=applied_at if benefit.counts_from == "application" else None,
    )


def _closing(last: date, report_days: int) -> datetime:
    return datetime.combine(last + timedelta(days=report_days + 1), time.min, clock.TOKYO)


def _month_ends(first: date, last: date) -> list[date]:
    ends: list[date] = []
    month = first.replace(day=1)
    while month <= last:
        following = (month + timedelta(days=32)).replace(day=1)
        ends.append(min(following - timedelta(days=1), last))
        month = following
    return ends
