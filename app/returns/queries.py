"""What the person and other floors may know about the return cases of an application."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import points
from app.pii import vault
from app.points import Account
from app.returns.cases import REBATE, REVIEW
from app.returns.models import ReturnCase, ReturnStep
from app.returns.states import FINAL, MOVES, ReturnAction, ReturnState
from app.returns.steps import reason_context, text_context

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


@dataclass(frozen=True)
class StepView:
    """One thing that happened to a case; ``by_staff`` is ``None`` for the system, ``text`` what was written."""

    at: datetime
    action: str
    by_staff: str | None
    amount: int | None
    text: str | None = field(repr=False)


@dataclass(frozen=True)
class ProposalOfReturn:
    """What a second person may confirm now: taking back, or giving up, so many points, and why."""

    proposal_id: UUID
    by_staff: str
    amount: int | None
    text: str | None = field(repr=False)


@dataclass(frozen=True)
class ReturnRecord:
    """One case as staff see it; ``left`` is what the ledger still holds of what is asked back, in points."""

    policy_id: str
    case_id: UUID
    application_id: UUID
    from_rebate: bool
    state: ReturnState
    amount: int
    recovered: int
    left: int
    opened_at: datetime
    respond_by: date | None
    pay_by: date | None
    reason: str | None = field(repr=False)
    has_proposal: bool
    proposal: ProposalOfReturn | None
    steps: tuple[StepView, ...] = ()


def possible(state: ReturnState, action: ReturnAction) -> bool:
    """True when somebody may do this while a case stands so."""
    return any(one.state is state and one.action is action for one in MOVES)


def records_in(
    session: Session, policies: Collection[str], *, states: Collection[ReturnState], most: int
) -> list[ReturnRecord]:
    """The cases of these policies in these states, the oldest first, without what happened to them."""
    rows = session.scalars(
        select(ReturnCase)
        .where(ReturnCase.policy_id.in_(policies), ReturnCase.state.in_(states))
        .order_by(ReturnCase.opened_at, ReturnCase.id)
        .limit(most)
    )
    return [_record(row, row.amount - row.recovered, []) for row in rows]


def record_of(session: Session, policies: Collection[str], case_id: UUID) -> ReturnRecord | None:
    """One case with everything that happened to it; ``None`` when none of these policies has it."""
    row = session.scalar(select(ReturnCase).where(ReturnCase.policy_id.in_(policies), ReturnCase.id == case_id))
    if row is None:
        return None
    due = points.held_for(session, row.policy_id, row.application_id, Account.RETURN_DUE)
    before = row.state not in _STAND and row.origin == REVIEW
    left = row.amount if before else min(due, row.amount - row.recovered)
    steps = session.scalars(
        select(ReturnStep)
        .where(ReturnStep.policy_id == row.policy_id, ReturnStep.case_id == row.id)
        .order_by(ReturnStep.at, ReturnStep.id)
    )
    return _record(row, left, list(steps))


def _record(row: ReturnCase, left: int, steps: list[ReturnStep]) -> ReturnRecord:
    state = ReturnState(row.state)
    return ReturnRecord(
        policy_id=row.policy_id,
        case_id=row.id,
        application_id=row.application_id,
        from_rebate=row.origin == REBATE,
        state=state,
        amount=row.amount,
        recovered=row.recovered,
        left=0 if state in FINAL else left,
        opened_at=row.opened_at,
        respond_by=row.respond_by,
        pay_by=row.pay_by,
        reason=_words(row.reason_enc, reason_context(row.id)),
        has_proposal=row.proposal_id is not None,
        proposal=next((_proposal(step) for step in steps if step.id == row.proposal_id), None),
        steps=tuple(_step(step) for step in steps),
    )


def _proposal(step: ReturnStep) -> ProposalOfReturn:
    return ProposalOfReturn(step.id, step.by_staff or "", step.amount, _words(step.text_enc, text_context(step.id)))


def _step(row: ReturnStep) -> StepView:
    return StepView(row.at, row.action, row.by_staff, row.amount, _words(row.text_enc, text_context(row.id)))


def _words(stored: bytes | None, context: str) -> str | None:
    """What was written; ``None`` where nothing was, or it was erased."""
    return vault().decrypt(stored, context).reveal() if stored else None


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
