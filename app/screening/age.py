"""``AGE``: which birth dates fit, in words of E203; may a person of that age apply alone (BR-04 to BR-08, BR-25)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Literal

from app.people.ages import law_age
from app.policies import AgeCondition, AgeIs, All, AnyNode, AnyOf, BornBetween, Not
from app.screening.verdict import Verdict, failed

RULE_VERSION = "age-1"
GUARDIAN_BELOW = 15

_Range = tuple[date, date]


def outside_the_range(node: AnyNode, instant: datetime) -> Verdict | None:
    """E203 with the policy's own dates, never the person's; ``None`` when more than birth dates decides the node."""
    ranges = _fitting(node, instant)
    if not ranges:
        return None
    words = [(_word(first, date.min), _word(last, date.max)) for first, last in ranges]
    # Several ranges are read one after another: 〜A、B〜C生まれの方.
    *before, (first, last) = words
    start = "".join(f"{one}〜{other}、" for one, other in before) + first
    return failed("E203", start=start, end=last)


def applicant_route(birth_date: date | None, instant: datetime) -> Literal["self", "guardian"]:
    """Who applies: under 15 at the instant the guardian (E211), else the person (BR-25).

    Without a full birth date nobody is turned away as a child; ``AGE`` and staff look at it.
    """
    if birth_date is not None and law_age(birth_date, instant) < GUARDIAN_BELOW:
        return "guardian"
    return "self"


def _fitting(node: AnyNode, instant: datetime) -> list[_Range] | None:
    """The birth dates that fit, as ranges in order; ``None`` when something else has a say, too."""
    if isinstance(node, BornBetween):
        return [(node.first or date.min, node.last or date.max)]
    if isinstance(node, AgeIs):
        born = AgeCondition(node).range_at(instant)
        return [(born.first or date.min, born.last or date.max)]
    below = (node.condition,) if isinstance(node, Not) else node.of if isinstance(node, All | AnyOf) else ()
    parts = [part for one in below if (part := _fitting(one, instant)) is not None]
    if not below or len(parts) != len(below):
        return None
    if isinstance(node, AnyOf):
        return _joined([one for part in parts for one in part])
    outside = _joined([one for part in parts for one in _others(part)])
    return outside if isinstance(node, Not) else _others(outside)


def _joined(ranges: list[_Range]) -> list[_Range]:
    joined: list[_Range] = []
    for first, last in sorted(ranges):
        if joined and (joined[-1][1] == date.max or first <= joined[-1][1] + timedelta(days=1)):
            joined[-1] = (joined[-1][0], max(joined[-1][1], last))
        else:
            joined.append((first, last))
    return joined


def _others(ranges: list[_Range]) -> list[_Range]:
    found: list[_Range] = []
    begin: date | None = date.min
    for first, last in ranges:
        if begin is not None and begin < first:
            found.append((begin, first - timedelta(days=1)))
        begin = None if last == date.max else last + timedelta(days=1)
    if begin is not None:
        found.append((begin, date.max))
    return found


def _word(day: date, open_end: date) -> str:
    return "" if day == open_end else day.isoformat()
