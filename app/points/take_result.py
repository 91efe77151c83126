"""Takes in what a provider reports, on whichever way it came: booked once, or put aside with the reason (BR-42, BR-43).

Answers to a sending or an inquiry, call-backs and rows of result files all pass here, so that no way can do what
another may not.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, auto
from uuid import UUID

from sqlalchemy.orm import Session

from app import events
from app.payments.gateways import GatewayAnswer
from app.points.happenings import ResultsArrived
from app.points.ledger import Books
from app.points.models import GrantOrder
from app.points.problems import ProblemCode, Source
from app.points.quarantine import Reported, put_aside
from app.points.results import (
    ContradictoryResult,
    Recorded,
    grants_of_orders,
    is_decided,
    locked_orders,
    record_answer,
    record_successes,
)

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
    return take_results(session, [reported])[0]


def take_results(session: Session, reports: Sequence[Reported]) -> list[Taken]:
    """The same for many reports, as if one after another; what each of them did.

    Grants that were carried out are booked together, up to the first report that says something else. Everything that
    any of them will change is locked before the first is taken, and the policies' counters come after the last
    (decision 0026): in whatever order two batches name the same grants, none waits for the other in a circle.
    """
    orders = locked_orders(session, {(one.policy_id, one.order_id) for one in reports})
    if len(orders) > 1:
        grants = grants_of_orders(session, orders.values())
        of = frozenset((grant.policy_id, grant.application_id) for grant in grants.values())
        events.publish(session, ResultsArrived(of))
    books = Books(session)
    taken: list[Taken] = []
    done: dict[UUID, tuple[GrantOrder, GatewayAnswer]] = {}
    for one in reports:
        order = orders.get((one.policy_id, one.order_id))
        if order is not None and order.grant_id not in done and _is_first_success(one, order):
            done[order.grant_id] = order, one.answer
            taken.append(Taken.RECORDED)
        else:
            _book(session, books, done)
            taken.append(_take_one(session, books, one, order))
    _book(session, books, done)
    books.close()
    return taken


def _is_first_success(reported: Reported, order: GrantOrder) -> bool:
    """Whether this says that an order without an end was carried out, and nothing speaks against it."""
    if reported.answer.state != "succeeded" or _problem_of(reported, order) is not None:
        return False
    try:
        return not is_decided(order, reported.answer)
    except ContradictoryResult:
        return False


def _book(session: Session, books: Books, done: dict[UUID, tuple[GrantOrder, GatewayAnswer]]) -> None:
    if done:
        record_successes(session, books, list(done.values()))
        done.clear()


def _take_one(session: Session, books: Books, reported: Reported, order: GrantOrder | None) -> Taken:
    if order is None:
        return _aside(session, reported, ProblemCode.UNKNOWN_ORDER, None)
    problem = _problem_of(reported, order)
    if problem is not None:
        return _aside(session, reported, problem, order)
    try:
        recorded = record_answer(session, books, order, reported.answer)
    except ContradictoryResult:
        return _aside(session, reported, ProblemCode.CONTRADICTS, order)
    if recorded is Recorded.CHANGED:
        return Taken.RECORDED
    if reported.source in _REPEATS_ARE_KEPT:
        put_aside(session, reported, ProblemCode.ALREADY_RECORDED, order)
    return Taken.ALREADY_RECORDED


def _problem_of(reported: Reported, order: GrantOrder) -> ProblemCode | None:
    if order.provider_id != reported.provider_id:
        return ProblemCode.ORDER_OF_ANOTHER
    if reported.amount is not None and reported.amount != order.amount:
        return ProblemCode.CONTRADICTS
    return None


def _aside(session: Session, reported: Reported, code: ProblemCode, order: GrantOrder | None) -> Taken:
    put_aside(session, reported, code, order)
    return Taken.PUT_ASIDE
