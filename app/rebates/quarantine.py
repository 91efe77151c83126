"""Purchases and refunds that were put aside: listed for staff, and decided by them (BR-43).

No decision books anything: a recorded purchase is never changed. What was wrong the provider corrects by a refund and a
new purchase under new numbers, which then count like any other.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app import audit, clock, db
from app.my_number import looks_like_my_number
from app.rebates.models import PutAside, PutAsideDecision

MAX_LISTED = 500
MAX_NOTE = 500


class Decision(StrEnum):
    """How a report that was put aside was settled."""

    RECORD_STANDS = "record_stands"
    CORRECTED = "corrected"
    NOT_THEIRS = "not_theirs"


class DecisionRefused(Exception):
    """The decision can't be taken; says why."""


@dataclass(frozen=True)
class AsideView:
    """One report for staff; ``content`` is what it said of goods, shop and time, without the service ID."""

    id: UUID
    code: str
    policy_id: str
    provider_id: str
    transaction_no: str
    content: dict[str, Any]
    received_at: datetime
    decision: Decision | None
    decided_by: str | None
    note: str | None


def aside_reports(session: Session, policy_id: str | None = None, *, open_only: bool = True) -> list[AsideView]:
    """What was put aside, the oldest first; at most the first five hundred."""
    query = (
        select(PutAside, PutAsideDecision)
        .outerjoin(PutAsideDecision, PutAsideDecision.put_aside_id == PutAside.id)
        .order_by(PutAside.received_at, PutAside.id)
        .limit(MAX_LISTED)
    )
    if policy_id is not None:
        query = query.where(PutAside.policy_id == policy_id)
    if open_only:
        query = query.where(PutAsideDecision.put_aside_id.is_(None))
    return [_view(row, decided) for row, decided in session.execute(query)]


def decide_aside(report_id: UUID, decision: Decision, *, by: str, note: str) -> None:
    """Settle one report, once and for good; the same again changes nothing. Raises ``DecisionRefused``."""
    if not by.strip() or not note.strip() or len(note) > MAX_NOTE or looks_like_my_number(note):
        raise DecisionRefused(f"who decides and why, in at most {MAX_NOTE} characters and without a 12-digit number")
    with db.transaction() as session:
        row = session.get(PutAside, report_id)
        if row is None:
            raise DecisionRefused("no such report")
        if (decision is Decision.NOT_THEIRS) != (row.code == "E703"):
            raise DecisionRefused(f"{decision} is no answer to {row.code}")
        written = session.execute(
            insert(PutAsideDecision)
            .values(put_aside_id=report_id, decision=decision, decided_by=by, note=note, decided_at=clock.now())
            .on_conflict_do_nothing()
            .returning(PutAsideDecision.put_aside_id)
        ).one_or_none()
        if written is None:
            if session.get_one(PutAsideDecision, report_id).decision != decision:
                raise DecisionRefused("it is decided already, and otherwise")
            return
        audit.record(
            session,
            "rebate.put_aside_decided",
            actor_kind="staff",
            actor=by,
            policy_id=row.policy_id,
            object_kind="purchase",
            object_id=f"{row.provider_id}/{row.transaction_no}",
            facts={"code": row.code, "decision": str(decision)},
        )


def _view(row: PutAside, decided: PutAsideDecision | None) -> AsideView:
    return AsideView(
        id=row.id,
        code=row.code,
        policy_id=row.policy_id,
        provider_id=row.provider_id,
        transaction_no=row.transaction_no,
        content=row.content,
        received_at=row.received_at,
        decision=Decision(decided.decision) if decided else None,
        decided_by=decided.decided_by if decided else None,
        note=decided.note if decided else None,
    )
