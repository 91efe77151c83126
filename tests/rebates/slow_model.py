"""The rules of rebates once more, written apart from the code and slowly: fractions, one yen after another.

Nothing of it is taken from ``app``: where the two differ, one of them reads the rule book wrongly.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

NEVER_COUNT = ("たばこ", "金券")


@dataclass
class SlowTerms:
    percent: int
    round_each: bool
    person_cap: int
    transaction_cap: int | None
    period_cap: int | None
    group_caps: dict[str, int]
    periods: list[tuple[date, date]]


@dataclass
class SlowPurchase:
    day: date
    group: str
    goods: list[tuple[str, int]]
    given_back: list[tuple[str, int]] = field(default_factory=list)

    def yen_that_count(self) -> int:
        left = sum(yen for kind, yen in self.goods if kind not in NEVER_COUNT)
        for kind, yen in self.given_back:
            if kind not in NEVER_COUNT:
                left -= min(left, yen)
        return left


def slow_points(terms: SlowTerms, purchases: list[SlowPurchase]) -> int:
    """The points of one person over all periods."""
    total = 0
    for first, last in terms.periods:
        mine = [purchase for purchase in purchases if first <= purchase.day <= last]
        total += slow_period(terms, mine)
    return total if total < terms.person_cap else terms.person_cap


def slow_period(terms: SlowTerms, purchases: list[SlowPurchase]) -> int:
    groups: dict[str, Fraction] = {}
    for purchase in purchases:
        share = Fraction(purchase.yen_that_count()) * terms.percent / 100
        if terms.round_each:
            share = Fraction(share.numerator // share.denominator)
        if terms.transaction_cap is not None and share > terms.transaction_cap:
            share = Fraction(terms.transaction_cap)
        groups[purchase.group] = groups.get(purchase.group, Fraction(0)) + share
    earned = Fraction(0)
    for group, share in groups.items():
        cap = terms.group_caps.get(group)
        earned += share if cap is None or share < cap else Fraction(cap)
    points = earned.numerator // earned.denominator
    return points if terms.period_cap is None or points < terms.period_cap else terms.period_cap
