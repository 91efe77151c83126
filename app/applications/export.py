"""The results of a policy as a file for its municipality: one row for each application that was sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import audit, cards, clock, db, payments, points, policies, screening
from app.applications.childs_amount import of_application
from app.applications.models import Application
from app.applications.states import ApplicationState
from app.lists import OutputEncoding, to_csv
from app.screening import Staff

MAX_ROWS = 200_000
HEADING = ("受付番号", "氏名", "状態", "金額", "決済サービス", "申込日", "付与日")
ERASED = "(消去済)"


class TooManyRows(Exception):
    """The policy has more applications than one file may hold."""


def export_results(policy_id: str, staff: Staff, encoding: OutputEncoding = "utf-8") -> bytes:
    """The CSV, in order of receipt; whole points, days in Japan. Every export is on the audit record with its size.

    Raises ``lists.Unencodable`` (E606) with the rows when CP932 lacks a character of a name: then no byte is made
    (BR-70). Cells that a spreadsheet would take for a formula are neutralised (BR-63).
    """
    screening.check_role(staff, "planner")
    with db.transaction() as session:
        rows = list(_rows(session, policy_id))
        content = to_csv(HEADING, rows, encoding)
        audit.record(
            session,
            "applications.exported",
            actor_kind="staff",
            actor=staff.staff_id,
            policy_id=policy_id,
            object_kind="policy",
            object_id=policy_id,
            facts={"rows": len(rows), "encoding": encoding},
        )
    return content


def _rows(session: Session, policy_id: str) -> Iterator[tuple[str | int, ...]]:
    found = session.scalars(
        select(Application)
        .where(Application.policy_id == policy_id, Application.state != ApplicationState.STARTED)
        .order_by(Application.submitted_at, Application.id)
        .limit(MAX_ROWS + 1)
    ).all()
    if len(found) > MAX_ROWS:
        raise TooManyRows(policy_id)
    granted = points.granted_days(session, policy_id)
    names = {one.service_id: one.name for one in payments.services_of(session, _services(found))}
    for row in found:
        yield (
            row.receipt_no or "",
            _name(session, row.evidence_id),
            row.state,
            "" if row.amount_by_register and not _is_settled(session, row) else row.amount,
            names.get(row.service_id or "", ""),
            _day(row.submitted_at),
            _day(granted.get(row.id)),
        )


def _services(applications: Sequence[Application]) -> set[str]:
    return {row.service_id for row in applications if row.service_id}


def _is_settled(session: Session, row: Application) -> bool:
    """Whether the amount is the child's, and not the most that it may come to (BR-29)."""
    if row.decided_at is not None and row.state != ApplicationState.RE_REVIEW:
        return True
    found = of_application(session, row, policies.document_of(session, row.policy_id, row.policy_version))
    return found is None or found.is_settled


def _name(session: Session, evidence_id: UUID) -> str:
    evidence = cards.evidence_of(session, evidence_id)
    return ERASED if evidence is None else evidence.items.name.reveal()


def _day(at: datetime | None) -> str:
    return "" if at is None else clock.local(at).date().isoformat()
