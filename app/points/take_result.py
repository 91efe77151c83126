"""Takes in what a provider reports, on whichever way it came: booked once, or put aside with the reason (BR-42, BR-43).

Answers to a sending or an inquiry, call-backs and rows of result files all pass here, so that no way can do what
another may not.
"""

from __future__ import annotations

from enum import Enum, auto

from sqlalchemy.orm import Session

from app.points.models import GrantOrder
from app.points.problems import ProblemCode, Source
from app.points.quarantine import Reported, put_aside
from app.points.results import ContradictoryResult, Recorded, UnknownOrder, locked_order, record_result

# A provider that repeats itself on these ways is told so; asking again about an open order is our own doing.
_REPEATS_ARE_KEPT = frozenset({Source.CALL_BACK, Source.FILE})


class Taken(Enum):
    """What a report did: booked, known already, or put aside for staff."""

    RECORDED = auto()
    ALREADY_RECORDED = auto()
    PUT_ASIDE = auto()


def take_result(session: Session, reported: Reported) -> Taken:
    """Record a reported result in the caller's transaction, or keep it for staff; never raises for what it says.

    E701: no such order. E703: another provider's order. E704: contradicts the record or names another amount.
    E702: says what is recorded; kept as settled where it came by call-back or file.
    """
    try:
        order = locked_order(session, reported.policy_id, reported.order_id)
    except UnknownOrder:
        return _aside(session, reported, ProblemCode.UNKNOWN_ORDER, None)
    if order.provider_id != reported.provider_id:
        return _aside(session, reported, ProblemCode.ORDER_OF_ANOTHER, order)
    if reported.amount is not None and reported.amount != order.amount:
        return _aside(session, reported, ProblemCode.CONTRADICTS, order)
    try:
        recorded = record_result(session, reported.policy_id, reported.order_id, reported.answer)
    except ContradictoryResult:
        return _aside(session, reported, ProblemCode.CONTRADICTS, order)
    if recorded is Recorded.CHANGED:
        return Taken.RECORDED
    if reported.source in _REPEATS_ARE_KEPT:
        put_aside(session, reported, ProblemCode.ALREADY_RECORDED, order)
    return Taken.ALREADY_RECORDED


def _aside(session: Session, reported: Reported, code: ProblemCode, order: GrantOrder | None) -> Taken:
    put_aside(session, reported, code, order)
    return Taken.PUT_ASIDE
