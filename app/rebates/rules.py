"""What purchases are worth: rate, rounding, caps, excluded goods, refunds (BR-36 to BR-39). Pure, whole numbers only.

The count is a function of the set of purchases and refunds, so the order in which they arrive can't matter. A refund
belongs to the period of its purchase, whenever it comes. Amounts are yen, one yen is one point; a share before rounding
is kept in hundredths of a point.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Literal

from app import clock

HUNDREDTHS = 100


class Reason(StrEnum):
    """Why a purchase counts for nothing."""

    BEFORE_APPLICATION = "before_application"
    OUTSIDE_PERIOD = "outside_period"
    SHOP_NOT_LISTED = "shop_not_listed"
    SHOPS_NOT_KNOWN = "shops_not_known"
    EXCLUDED_GOODS = "excluded_goods"
    REFUNDED = "refunded"
    REPORTED_TOO_LATE = "reported_too_late"


@dataclass(frozen=True)
class Period:
    """Purchases of these days are granted together; both days belong to it."""

    number: int
    first: date
    last: date
    closes_at: datetime


@dataclass(frozen=True)
class Terms:
    """What a policy declares about its rebate, for one application. Caps are points, ``None`` where there is none.

    ``cap_per_person`` is what is left of it after an earlier round (BR-17); ``excluded_goods`` are folded.
    """

    rate_percent: int
    rounding: Literal["floor_per_transaction", "floor_per_period"]
    cap_per_person: int
    cap_per_transaction: int | None
    cap_per_period: int | None
    shop_group_caps: Mapping[str, int]
    excluded_goods: frozenset[str]
    periods: tuple[Period, ...]
    counts_from: datetime | None


@dataclass(frozen=True)
class Line:
    """Part of a purchase or refund: kind of goods (may be empty) and yen."""

    goods: str
    amount: int


@dataclass(frozen=True)
class Purchase:
    """One purchase. ``listing``: the shop's group on that day, empty for none; or why the shop does not count."""

    transaction_no: str
    at: datetime
    lines: tuple[Line, ...]
    listing: str | Reason
    too_late: bool = False


@dataclass(frozen=True)
class Refund:
    """Goods of one purchase given back."""

    purchase_no: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class CountedPurchase:
    """What became of one purchase. ``share`` is in hundredths of a point, before the caps of period and person.

    ``counted`` is the yen that the rate applies to: without excluded goods and without what was given back.
    """

    transaction_no: str
    period: int | None
    bought: int
    excluded: int
    refunded: int
    counted: int
    share: int
    reason: Reason | None
    capped: bool = False


@dataclass(frozen=True)
class Count:
    """Everything counted. ``earned`` holds the points of each period, in order, before the cap of the person."""

    purchases: tuple[CountedPurchase, ...]
    earned: tuple[int, ...]
    cap_per_person: int

    def entitled(self, periods: int | None = None) -> int:
        """The points of the first so many periods together (all without a number), within the person's cap (BR-37)."""
        return min(self.cap_per_person, sum(self.earned if periods is None else self.earned[:periods]))


def count(terms: Terms, purchases: Iterable[Purchase], refunds: Iterable[Refund]) -> Count:
    """Count the purchases of one application under its terms."""
    returned: dict[str, list[Line]] = defaultdict(list)
    for refund in refunds:
        returned[refund.purchase_no] += refund.lines
    in_order = sorted(purchases, key=lambda one: (one.at, one.transaction_no))
    judged = tuple((one, _counted(terms, one, returned[one.transaction_no])) for one in in_order)
    earned = tuple(_earned(terms, period, judged) for period in terms.periods)
    return Count(tuple(counted for _, counted in judged), earned, terms.cap_per_person)


def fold_goods(goods: str) -> str:
    """A kind of goods for comparison: widths, case, spaces, and the two kana are one (タバコ = たばこ)."""
    text = "".join(unicodedata.normalize("NFKC", goods).split()).casefold()
    return "".join(chr(ord(char) - 0x60) if "ァ" <= char <= "ヶ" else char for char in text)


def _counted(terms: Terms, purchase: Purchase, returned: Sequence[Line]) -> CountedPurchase:
    period = _period_of(terms, purchase.at)
    bought = sum(line.amount for line in purchase.lines)
    excluded = _excluded(terms, purchase.lines)
    # What is given back of goods that never counted takes nothing away; and never more than was bought (BR-38).
    refunded = min(bought - excluded, sum(line.amount for line in returned) - _excluded(terms, returned))
    counted = bought - excluded - refunded
    reason = _reason(terms, purchase, period, excluded=excluded, bought=bought, counted=counted)
    share, capped = (0, False) if reason else _share(terms, counted)
    number = period.number if period else None
    return CountedPurchase(
        purchase.transaction_no, number, bought, excluded, refunded, 0 if reason else counted, share, reason, capped
    )


def _reason(
    terms: Terms, purchase: Purchase, period: Period | None, *, excluded: int, bought: int, counted: int
) -> Reason | None:
    if period is None:
        return Reason.OUTSIDE_PERIOD
    if terms.counts_from is not None and purchase.at < terms.counts_from:
        return Reason.BEFORE_APPLICATION
    if purchase.too_late:
        return Reason.REPORTED_TOO_LATE
    if isinstance(purchase.listing, Reason):
        return purchase.listing
    if excluded == bought:
        return Reason.EXCLUDED_GOODS
    return Reason.REFUNDED if counted == 0 else None


def _share(terms: Terms, counted: int) -> tuple[int, bool]:
    """Hundredths of a point, rounded where the policy rounds each transaction (BR-36); and whether its cap cut it."""
    share = counted * terms.rate_percent
    if terms.rounding == "floor_per_transaction":
        share -= share % HUNDREDTHS
    if terms.cap_per_transaction is None or share <= terms.cap_per_transaction * HUNDREDTHS:
        return share, False
    return terms.cap_per_transaction * HUNDREDTHS, True


def _earned(terms: Terms, period: Period, judged: Sequence[tuple[Purchase, CountedPurchase]]) -> int:
    by_group: dict[str, int] = defaultdict(int)
    for purchase, counted in judged:
        if counted.reason is None and counted.period == period.number:
            by_group[str(purchase.listing)] += counted.share
    shares = (
        min(share, terms.shop_group_caps[group] * HUNDREDTHS) if group in terms.shop_group_caps else share
        for group, share in by_group.items()
    )
    points = sum(shares) // HUNDREDTHS
    return points if terms.cap_per_period is None else min(points, terms.cap_per_period)


def _excluded(terms: Terms, lines: Iterable[Line]) -> int:
    return sum(line.amount for line in lines if fold_goods(line.goods) in terms.excluded_goods)


def _period_of(terms: Terms, at: datetime) -> Period | None:
    day = clock.local(at).date()
    return next((period for period in terms.periods if period.first <= day <= period.last), None)
