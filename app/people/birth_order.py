"""第n子: which child of a family somebody is, by birth date, until the limit that a policy declares (BR-29).

Staff who read a family register give the births; no card tells them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from app.people.ages import nendo_end_last_day


@dataclass(frozen=True, slots=True)
class Birth:
    """One child: the birth date, and the place among children of the same day as the family register has it."""

    day: date
    register_order: int | None = None


def nth_child(child: Birth, siblings: Iterable[Birth], *, on: date, counted_until: int) -> int | None:
    """Which child this is on a day: 1 for the first that counts. ``None`` when staff must decide.

    A sibling counts until the first 31 March on or after the day on which ``counted_until`` is attained (BR-06). Of
    children born on one day the register decides; without its order nobody guesses. ``ValueError`` when the child
    itself does not count any more.
    """
    if on > nendo_end_last_day(child.day, counted_until):
        raise ValueError("the child is beyond the limit")
    counting = [one for one in siblings if on <= nendo_end_last_day(one.day, counted_until)]
    same_day = [one for one in counting if one.day == child.day]
    orders = [one.register_order for one in (*same_day, child)]
    if same_day and (None in orders or len(set(orders)) < len(orders)):
        return None
    before = [one for one in same_day if (one.register_order or 0) < (child.register_order or 0)]
    return 1 + sum(one.day < child.day for one in counting) + len(before)
