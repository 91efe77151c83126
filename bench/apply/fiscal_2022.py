"""The policies of fiscal 2022 as a plan: 41, with 1,019,285 recipients and about 5.69 billion points in all.

Published are the totals and three cases (domain.md 1.1); how the rest is spread over policies is made up, and the same
each time.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime

POLICIES, RECIPIENTS, POINTS = 41, 1_019_285, 5_690_000_000
SERVICES = {"SVC-QR-01": "PRV-01", "SVC-QR-02": "PRV-02", "SVC-PP-01": "PRV-07", "SVC-LC-01": "PRV-09"}
MONTHS = tuple(
    datetime.fromisoformat(f"{month}-10T10:00:00+09:00")
    for month in ("2022-10", "2022-11", "2022-12", "2023-01", "2023-02", "2023-03")
)
_KNOWN = ((26_600, 10_000), (150, 2_000))
_STEP = 500


@dataclass(frozen=True)
class Plan:
    """One policy: how many people receive how many points each, and through which service."""

    policy_id: str
    recipients: int
    amount: int
    service_id: str


def plans(scale: float = 1.0) -> list[Plan]:
    """The policies of the year, with the same share of the recipients of each (at least one)."""
    chance = random.Random(2022)  # a plan, not a secret
    weights = [chance.lognormvariate(0, 1.1) for _ in range(POLICIES - len(_KNOWN))]
    left = RECIPIENTS - sum(count for count, _ in _KNOWN)
    counts = [int(left * weight / sum(weights)) for weight in weights]
    counts[counts.index(max(counts))] += left - sum(counts)
    amounts = _amounts(counts, POINTS - sum(count * amount for count, amount in _KNOWN), chance)
    services = list(SERVICES)
    return [
        Plan(f"R4-{number:02d}", max(1, round(count * scale)), amount, services[number % len(services)])
        for number, (count, amount) in enumerate([*_KNOWN, *zip(counts, amounts, strict=True)])
    ]


def _amounts(counts: list[int], points: int, chance: random.Random) -> list[int]:
    """Round amounts that come to the points as near as steps of 500 let them."""
    amounts = [chance.choice((2_000, 3_000, 5_000, 5_000, 10_000)) for _ in counts]
    while True:
        missing = points - sum(count * amount for count, amount in zip(counts, amounts, strict=True))
        better = [
            (abs(missing - sign * _STEP * count), place, sign)
            for place, count in enumerate(counts)
            for sign in (1, -1)
            if _STEP <= amounts[place] + sign * _STEP <= 20_000
        ]
        nearest, place, sign = min(better)
        if nearest >= abs(missing):
            return amounts
        amounts[place] += sign * _STEP
