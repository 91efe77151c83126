"""What the person and other floors may know about the return cases of an application."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.returns.cases import REBATE, REVIEW
from app.returns.models import ReturnCase
from app.returns.states import FINAL, ReturnState

_S = ReturnState
_STAND = tuple(state for state in ReturnState if state not in (_S.SUSPECTED, _S.INVESTIGATING, _S.NOTIFIED))
_UNSEEN = frozenset({_S.SUSPECTED, _S.INVESTIGATING, _S.CLEARED})


@dataclass(frozen=True)
class ReturnView:
    """One case for its person; ``left`` is what is still asked back, in points."""

    case_id: UUID
    from_rebate: bool
    state: ReturnState
    amount: int
    left: int
    opened_at: datetime
    respond_by: date | None
    pay_by: date | None
    office: str

    @property
    def is_over(self) -> bool:
        """Nothing more will happen."""
        return self.state in FINAL


def return_of(session: Session, policy_id: str, application_id: UUID) -> ReturnView | None:
    """The newest case that the person may know of: a mere suspicion of staff is not told before the hearing."""
    rows = session.scalars(
        select(ReturnCase)
        .where(ReturnCase.policy_id == policy_id, ReturnCase.application_id == application_id)
        .order_by(ReturnCase.opened_at.desc(), ReturnCase.id.desc())
    )
    told = (row for row in rows if row.origin == REBATE or row.state not in _UNSEEN)
    return next(map(_view, told), None)


def stands_against(session: Session, policy_id: str, application_id: UUID) -> bool:
    """True while a decision of staff to take this application's grant back stands."""
    decided = select(ReturnCase.id).where(
        ReturnCase.policy_id == policy_id,
        ReturnCase.application_id == application_id,
        ReturnCase.origin == REVIEW,
        ReturnCase.state.in_(_STAND),
        ReturnCase.state.not_in((_S.CANCELLED, _S.CLEARED)),
    )
    return session.scalar(decided.limit(1)) is not None


def _view(row: ReturnCase) -> ReturnView:
    state = ReturnState(row.state)
    return ReturnView(
        case_id=row.id,
        from_rebate=row.origin == REBATE,
        state=state,
        amount=row.amount,
        left=0 if state in FINAL else row.amount - row.recovered,
        opened_at=row.opened_at,
        respond_by=row.respond_by,
        pay_by=row.pay_by,
        office=row.office,
    )
