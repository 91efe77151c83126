"""Results that are put aside: kept once with what they say, listed for staff, and decided by them (BR-43)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app import audit, clock, db
from app.payments.gateways import GatewayAnswer
from app.points.models import GrantOrder, QuarantinedResult
from app.points.problems import ProblemCode, Resolution, Source

log = structlog.get_logger(__name__)
MAX_LISTED = 500
_BY_ITSELF = "todoke"


@dataclass(frozen=True)
class Reported:
    """One result as a provider reports it; ``amount`` in whole points where the way it came carries one."""

    provider_id: str
    policy_id: str
    order_id: UUID
    answer: GatewayAnswer
    source: Source
    source_ref: str | None = None
    amount: int | None = None


@dataclass(frozen=True)
class PutAside:
    """One row for staff. Holds ids and codes only."""

    id: UUID
    code: ProblemCode
    provider_id: str
    policy_id: str
    order_id: UUID
    source: Source
    source_ref: str | None
    recorded_state: str | None
    reported_state: str
    transaction_no: str | None
    reason: str | None
    amount: int | None
    times: int
    first_at: datetime
    resolution: Resolution | None
    note: str | None


def put_aside(session: Session, reported: Reported, code: ProblemCode, order: GrantOrder | None) -> None:
    """Keep a result that must not be booked, once however often it comes, and alarm staff at its first arrival."""
    now = clock.now()
    answer = reported.answer
    settled = code is ProblemCode.ALREADY_RECORDED
    ours = order if order is not None and order.provider_id == reported.provider_id else None
    recorded = order.state if order else None
    row: dict[str, object] = {
        "id": db.new_id(),
        "provider_id": reported.provider_id,
        "source": reported.source,
        "source_ref": reported.source_ref,
        "code": code,
        "policy_id": reported.policy_id,
        "order_id": reported.order_id,
        "grant_id": ours.grant_id if ours else None,
        "recorded_state": recorded,
        "reported_state": answer.state,
        "transaction_no": answer.transaction_no,
        "reason": answer.reason,
        "amount": reported.amount,
        "digest": _digest(reported, code),
        "times": 1,
        "first_at": now,
        "last_at": now,
        "resolution": Resolution.NO_CHANGE if settled else None,
        "resolved_at": now if settled else None,
        "resolved_by": _BY_ITSELF if settled else None,
    }
    statement = insert(QuarantinedResult).values(row)
    times = session.scalars(
        statement.on_conflict_do_update(
            index_elements=["digest"], set_={"times": QuarantinedResult.times + 1, "last_at": now}
        ).returning(QuarantinedResult.times)
    ).one()
    if times > 1 or settled:
        return
    log.error("a result was put aside", code=str(code), order_id=str(reported.order_id), source=str(reported.source))
    audit.record(
        session,
        "grant.contradiction" if code is ProblemCode.CONTRADICTS else "grant.result_put_aside",
        actor_kind="provider",
        actor=reported.provider_id,
        policy_id=ours.policy_id if ours else None,
        object_kind="grant_order",
        object_id=str(reported.order_id),
        facts={"code": str(code), "reported": answer.state, "recorded": recorded},
    )


def put_aside_results(session: Session, *, open_only: bool = True) -> list[PutAside]:
    """What was put aside, oldest first; at most the first five hundred."""
    query = select(QuarantinedResult).order_by(QuarantinedResult.first_at, QuarantinedResult.id).limit(MAX_LISTED)
    if open_only:
        query = query.where(QuarantinedResult.resolution.is_(None))
    return [_view(row) for row in session.scalars(query)]


def is_disputed(session: Session, policy_id: str, grant_id: UUID) -> bool:
    """True while a result of this grant waits for a decision: the benefit may have been sent already."""
    waiting = select(func.count()).where(
        QuarantinedResult.policy_id == policy_id,
        QuarantinedResult.grant_id == grant_id,
        QuarantinedResult.resolution.is_(None),
    )
    return bool(session.scalar(waiting))


def _view(row: QuarantinedResult) -> PutAside:
    return PutAside(
        id=row.id,
        code=ProblemCode(row.code),
        provider_id=row.provider_id,
        policy_id=row.policy_id,
        order_id=row.order_id,
        source=Source(row.source),
        source_ref=row.source_ref,
        recorded_state=row.recorded_state,
        reported_state=row.reported_state,
        transaction_no=row.transaction_no,
        reason=row.reason,
        amount=row.amount,
        times=row.times,
        first_at=row.first_at,
        resolution=Resolution(row.resolution) if row.resolution else None,
        note=row.note,
    )


def _digest(reported: Reported, code: ProblemCode) -> bytes:
    answer = reported.answer
    parts = (
        reported.provider_id,
        reported.policy_id,
        str(reported.order_id),
        answer.state,
        answer.transaction_no,
        answer.reason,
        reported.amount,
        str(code),
    )
    return hashlib.sha256(repr(parts).encode()).digest()
