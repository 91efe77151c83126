"""Which step of a tiered benefit is a child's: by the order of births in the family and the stage of school (BR-29).

What is not known leaves every step open that could still be the child's; nobody is left without one for that (BR-32).
"""

from __future__ import annotations

import re
from datetime import date

from app.people.ages import nendo_end_last_day
from app.policies.document import BaseDateResidence, PolicyDocument, Tier, Tiered

_UNTIL = re.compile(r"(\d{1,2})歳に達する日以後の最初の3月31日")

# A stage lasts from the 1 April after the fiscal year in which the first age is attained to the 31 March of the second.
STAGES: dict[str, tuple[int | None, int]] = {
    "未就学": (None, 6),
    "小学生": (6, 12),
    "中学生": (12, 15),
    "小中学生": (6, 15),
    "高校生": (15, 18),
}


def counts_children(document: PolicyDocument) -> bool:
    """True when the amount depends on which child of the family it is, as a register says and no card does."""
    if not isinstance(document.benefit, Tiered) or document.eligibility.child_count_rule is None:
        return False
    return any(tier.nth_child or tier.nth_child_from for tier in document.benefit.tiers)


def counted_until(document: PolicyDocument) -> int | None:
    """The age to the end of whose fiscal year a child counts; ``None`` where the rule is not written so."""
    rule = document.eligibility.child_count_rule
    found = _UNTIL.fullmatch(rule.count_children_until) if rule else None
    return int(found[1]) if found else None


def counting_day(document: PolicyDocument, applied_on: date) -> date:
    """The day on which children are counted and stages looked at: the base date, else that of the application."""
    residence = document.eligibility.residence
    if isinstance(residence, BaseDateResidence) and isinstance(residence.date, date):
        return residence.date
    return applied_on


def tiers_possible(
    document: PolicyDocument, *, on: date, birth: date | None = None, nth: int | None = None
) -> tuple[Tier, ...]:
    """The steps that may be this child's on a day; with both known the first that fits is the one."""
    if not isinstance(document.benefit, Tiered):
        return ()
    found = tuple(tier for tier in document.benefit.tiers if _may_be(tier, on, birth, nth))
    return found[:1] if birth is not None and nth is not None else found


def is_at(stage: str, birth: date, on: date) -> bool:
    """Whether somebody born then is at a stage of school on a day. ``KeyError`` for a stage that nobody knows."""
    after, until = STAGES[stage]
    return (after is None or on > nendo_end_last_day(birth, after)) and on <= nendo_end_last_day(birth, until)


def _may_be(tier: Tier, on: date, birth: date | None, nth: int | None) -> bool:
    by_order = nth is None or (
        (tier.nth_child is None or nth == tier.nth_child)
        and (tier.nth_child_from is None or nth >= tier.nth_child_from)
    )
    return by_order and (tier.stage is None or birth is None or is_at(tier.stage, birth, on))
