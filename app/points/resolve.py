"""Staff decide about a result that was put aside: our record stands, or the grant was carried out after all."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import audit, clock, db, events, payments
from app.my_number import looks_like_my_number
from app.points.accounts import Account, LedgerEvent
from app.points.happenings import GrantSucceeded
from app.points.ledger import Book, held_for
from app.points.models import Grant, GrantOrder, QuarantinedResult
from app.points.problems import ProblemCode, Resolution
from app.points.results import grant_of, locked_order
from app.points.states import GrantEvent, GrantState, OrderState, grant_after

MAX_NOTE = 500


class ResolutionRefused(Exception):
    """The decision does not fit what is recorded; the text says why, in plain words for staff."""


def resolve_result(result_id: UUID, resolution: Resolution, *, by: str, note: str) -> None:
    """Decide about one result that was put aside; a decision is final and audited, with who and why.

    ``granted_after_all`` is for a success that came after a recorded failure: the grant becomes granted under a new
    order that names the old one and is never sent. Raises ``ResolutionRefused``; the ledger is then unchanged.
    """
    if not (by.strip() and note.strip()) or len(note) > MAX_NOTE or looks_like_my_number(note):
        raise ResolutionRefused(f"name who decides and why, in at most {MAX_NOTE} characters without a 12-digit number")
    if resolution is Resolution.NO_CHANGE:
        raise ResolutionRefused("no_change is for repeats, which settle themselves")
    with db.transaction() as session:
        row = session.get(QuarantinedResult, result_id, with_for_update=True)
        if row is None:
            raise ResolutionRefused("there is no such result")
        if row.resolution is not None:
            raise ResolutionRefused(f"this was decided before: {row.resolution}")
        row.resolution, row.resolved_at, row.resolved_by, row.note = resolution, clock.now(), by.strip(), note.strip()
        audit.record(
            session,
            "grant.result_decided",
            actor_kind="staff",
            actor=by.strip(),
            policy_id=row.policy_id if row.grant_id else None,
            object_kind="grant_order",
            object_id=str(row.order_id),
            facts={"resolution": str(resolution), "code": row.code, "result_id": str(row.id)},
        )
        session.flush()
        if resolution is Resolution.GRANTED_AFTER_ALL:
            _adopt(session, row)


def _adopt(session: Session, row: QuarantinedResult) -> None:
    if row.code != ProblemCode.CONTRADICTS or row.grant_id is None or row.reported_state != OrderState.SUCCEEDED:
        raise ResolutionRefused("only a success that contradicts a recorded failure can be taken as granted")
    failed = locked_order(session, row.policy_id, row.order_id)
    if failed.state != OrderState.FAILED or row.amount not in (None, failed.amount):
        raise ResolutionRefused("the order is not recorded as failed, or the amount differs")
    grant = grant_of(session, failed)
    if grant.state != GrantState.PLANNED:
        raise ResolutionRefused("another order of this grant is under way or done: the provider has to take one back")
    if held_for(session, row.policy_id, grant.application_id, Account.COMMITTED) < failed.amount:
        raise ResolutionRefused("the points are no longer held for this application: the provider has to take it back")
    book = Book(session, row.policy_id)
    order = _settled_order(session, grant, failed, row)
    who = {"application_id": grant.application_id, "person_id": grant.person_id, "order_id": order.id}
    book.post(LedgerEvent.ORDER, order.amount, **who)
    book.post(LedgerEvent.GRANT_OK, order.amount, **who)
    events.publish(session, GrantSucceeded(grant.policy_id, grant.application_id, grant.id, order.amount))
    chosen_since = payments.link_of_application(session, grant.policy_id, grant.application_id)
    if chosen_since is not None:
        payments.remove_link(session, grant.policy_id, chosen_since.link_id)
    book.close()


def _settled_order(session: Session, grant: Grant, failed: GrantOrder, row: QuarantinedResult) -> GrantOrder:
    """A new attempt that is done already and never sent; the failed one keeps its record."""
    attempts = session.scalar(
        select(func.max(GrantOrder.attempt)).where(
            GrantOrder.policy_id == grant.policy_id, GrantOrder.grant_id == grant.id
        )
    )
    now = clock.now()
    order = GrantOrder(
        policy_id=grant.policy_id,
        id=db.new_id(),
        grant_id=grant.id,
        attempt=(attempts or 0) + 1,
        amount=failed.amount,
        link_id=failed.link_id,
        service_id=failed.service_id,
        provider_id=failed.provider_id,
        state=OrderState.SUCCEEDED,
        created_at=now,
        sent_at=failed.sent_at,
        answered_at=now,
        transaction_no=row.transaction_no,
        stands_for=failed.id,
    )
    session.add(order)
    ordered = grant_after(GrantState(grant.state), GrantEvent.ORDER)
    grant.state = grant_after(ordered, GrantEvent.GRANT_OK)
    grant.granted_at, grant.order_at = now, None
    grant.link_id, grant.service_id, grant.provider_id = failed.link_id, failed.service_id, failed.provider_id
    session.flush()
    return order
