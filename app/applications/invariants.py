"""Compares applications with the ledger and with the policy's counters; part of ``points.check_invariants``.

Every application must hold what its state says (promise 4), every seat must belong to somebody, and the queue must be
as long as the counter says. Rebates compare themselves (``app.rebates``).
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.orm import Session

from app import points, policies
from app.applications.models import Application
from app.applications.states import HOLDS_RESERVED, ApplicationState
from app.points import Difference
from app.policies import Rate

S = ApplicationState


def compare_applications(session: Session, policy_id: str | None) -> Iterator[Difference]:
    """Every difference of one policy or of all in which somebody has applied."""
    named = select(Application.policy_id).where(Application.receipt_no.is_not(None), *_only(policy_id)).distinct()
    documents = policies.current_documents(session, list(session.scalars(named)))
    simple = sorted(one for one, document in documents.items() if not isinstance(document.benefit, Rate))
    yield from _states(session, policy_id, simple)
    yield from _seats(session, policy_id, simple)


def _states(session: Session, policy_id: str | None, simple: list[str]) -> Iterator[Difference]:
    """RESERVED, and what is on its way, against the state: one line for each application that does not fit."""
    held = points.balances_by_application(policy_id)
    ended = held.c.granted + held.c.expired + held.c.return_due + held.c.returned + held.c.written_off
    reserved = case((Application.state.in_(HOLDS_RESERVED), Application.amount), else_=0)
    on_the_way = case((Application.state == S.APPROVED, Application.amount - func.coalesce(ended, 0)), else_=0)
    # A person's cap in a policy (domain.md 5.5) is what was approved: never more is given, and ``fulfilled`` means all.
    given = func.coalesce(ended, 0)
    whole = Application.amount - func.coalesce(held.c.recycled, 0)  # what was not received may be free again (BR-49)
    to_give = case((Application.state == S.FULFILLED, whole), else_=func.least(given, Application.amount))
    have_reserved = func.coalesce(held.c.reserved, 0)
    have_on_the_way = func.coalesce(held.c.committed + held.c.ordered, 0)
    rows = session.execute(
        select(Application.policy_id, Application.id, Application.state, reserved, have_reserved)
        .add_columns(on_the_way, have_on_the_way, to_give, given)
        .outerjoin(held, _same(held.c.policy_id, held.c.application_id))
        .where(
            Application.policy_id.in_(simple),
            Application.receipt_no.is_not(None),
            or_(reserved != have_reserved, on_the_way != have_on_the_way, to_give != given),
        )
    )
    for policy, application_id, state, want, have, want_later, have_later, want_given, have_given in rows:
        name = f"of application {application_id}, which is {state}"
        if want != have:
            yield Difference(policy, f"RESERVED {name}", int(want), int(have))
        if want_later != have_later:
            yield Difference(policy, f"COMMITTED and ORDERED {name}", int(want_later), int(have_later))
        if want_given != have_given:
            yield Difference(policy, f"GRANTED and after {name}", int(want_given), int(have_given))


def _seats(session: Session, policy_id: str | None, simple: list[str]) -> Iterator[Difference]:
    held = points.balances_by_application(policy_id)
    counts = session.execute(
        select(
            Application.policy_id,
            func.count().filter(held.c.budget < 0),
            func.count().filter(Application.state == S.WAITLISTED),
        )
        .outerjoin(held, _same(held.c.policy_id, held.c.application_id))
        .where(Application.policy_id.in_(simple), Application.receipt_no.is_not(None))
        .group_by(Application.policy_id)
    )
    for policy, holders, waiting in counts:
        kept = policies.counters.read(session, policy)
        if kept.seats_taken != kept.opening_seats + holders:
            yield Difference(policy, "seats_taken", kept.opening_seats + holders, kept.seats_taken)
        if kept.waiting != waiting:
            yield Difference(policy, "waiting", waiting, kept.waiting)
        if kept.capacity is not None and kept.seats_taken > kept.capacity:
            yield Difference(policy, "seats above capacity", kept.capacity, kept.seats_taken)


def _same(policy: ColumnElement[str], application: ColumnElement[object]) -> ColumnElement[bool]:
    return and_(policy == Application.policy_id, application == Application.id)


def _only(policy_id: str | None) -> list[ColumnElement[bool]]:
    return [] if policy_id is None else [Application.policy_id == policy_id]
