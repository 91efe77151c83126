"""Storing and reading the checks of an application."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import clock, db_rows
from app.errors import DomainError
from app.policies import CheckKind
from app.screening.facts import ScreeningOutcome
from app.screening.models import Check
from app.screening.pipeline import NAME_A_DAY
from app.screening.states import CheckState

SYSTEM = "system"

CHECK_TITLES = {
    CheckKind.CARD_AUTO: "お住まいの確認",
    CheckKind.AGE: "生年月日の確認",
    CheckKind.PRE_LIST: "対象者名簿の確認",
    CheckKind.EXCLUSION_LIST: "以前の受取の確認",
    CheckKind.EXTERNAL_APP: "連携アプリの記録の確認",
    CheckKind.EVENT_QR: "会場での参加の確認",
    CheckKind.DOC_AT_COUNTER: "窓口での書類の確認",
    CheckKind.POST_REVIEW: "担当者による確認",
    CheckKind.GUARDIAN: "保護者であることの確認",
    # General words: who sees this list must not learn what the flag means (BR-31).
    CheckKind.SUPPORT_MEASURE: "担当窓口での確認",
}

RESULT_WORDS = {
    CheckState.PASSED: "確認できました",
    CheckState.FAILED: "条件に合いません",
    CheckState.UPHELD: "条件に合いません",
    CheckState.APPEALED: "もう一度確認しています",
    CheckState.PENDING: "これから確認します",
    CheckState.RUNNING: "これから確認します",
    CheckState.INCONCLUSIVE: "担当者が確認します",
    CheckState.MANUAL_QUEUE: "担当者が確認します",
    CheckState.ASSIGNED: "担当者が確認しています",
    CheckState.NEEDS_INFO: "あなたからのお返事を待っています",
    CheckState.INVALIDATED: "もう一度確認しています",
}
"""A check's state for the person. Only a decided failure reads as one (BR-32, promise 5)."""


@dataclass(frozen=True, slots=True)
class CheckView:
    """One stored check, for status page and staff."""

    kind: CheckKind
    title: str
    result: str
    problem: DomainError | None
    decided_at: datetime
    assigned_to: str | None = None

    @property
    def named_day(self) -> date | None:
        """By when the person was told that staff decide (E205, E218)."""
        if self.problem is None or self.problem.code not in NAME_A_DAY or "date" not in self.problem.facts:
            return None
        return date.fromisoformat(str(self.problem.facts["date"]))


def write_checks(session: Session, policy_id: str, outcomes: Sequence[tuple[UUID, ScreeningOutcome]]) -> None:
    """Store the outcomes (by application) in the caller's transaction; each is screened once by the system."""
    decided_at = clock.now()
    rows = [
        {
            "policy_id": policy_id,
            "application_id": application_id,
            "kind": check.kind.value,
            "result": check.result.value,
            "code": check.code,
            "facts": check.facts,
            "rule_version": check.rule_version,
            "input_digest": check.input_digest,
            "decided_at": decided_at,
            "decided_by": SYSTEM,
        }
        for application_id, outcome in outcomes
        for check in outcome.checks
    ]
    db_rows.insert_rows(session, Check, rows)


def checks_of(session: Session, policy_id: str, application_id: UUID) -> list[CheckView]:
    """The stored checks in the order of a screening; empty for an unknown application."""
    rows = session.scalars(select(Check).where(Check.policy_id == policy_id, Check.application_id == application_id))
    order = list(CHECK_TITLES)
    return sorted((_view(row) for row in rows), key=lambda view: order.index(view.kind))


def _view(row: Check) -> CheckView:
    kind = CheckKind(row.kind)
    problem = None if row.code is None else DomainError(row.code, **row.facts)
    return CheckView(kind, CHECK_TITLES[kind], row.result, problem, row.decided_at, row.assigned_to)
