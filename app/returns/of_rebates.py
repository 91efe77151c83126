"""What refunds of a rebate put on RETURN_DUE has a case, one at a time, whose amount is the ledger's (BR-38)."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import db, events, points
from app.points import Account
from app.returns.cases import REBATE
from app.returns.happenings import RebateReturnOpened, RebateReturnOver, ReturnEnded
from app.returns.models import ReturnCase
from app.returns.states import FINAL, ReturnAction, ReturnState, move
from app.returns.steps import note, open_case

_S, _A = ReturnState, ReturnAction
BEFORE_THE_DECISION = frozenset({_S.SUSPECTED, _S.INVESTIGATING, _S.NOTIFIED})


def follow_books(policy_id: str, application_id: UUID, person_id: UUID) -> None:
    """Bring the case of one application into line with its RETURN_DUE; run again, it changes nothing.

    Nothing open and something due: a case is opened. Until it is decided its amount is what is due; with a changed
    amount it must be proposed anew. What was decided grows no more (the rest gets a case of its own afterwards), but it
    shrinks with what is due, down to its end.
    """
    with db.transaction() as session:
        case = session.scalar(
            select(ReturnCase)
            .where(
                ReturnCase.policy_id == policy_id,
                ReturnCase.application_id == application_id,
                ReturnCase.state.not_in(FINAL),
            )
            .with_for_update()
        )
        due = points.lock_held(session, policy_id, application_id, Account.RETURN_DUE)
        if case is None:
            if due:
                _open(session, policy_id, application_id, person_id, due)
        elif case.origin == REBATE and case.state in BEFORE_THE_DECISION:
            _adjust(session, case, due)
        elif case.state not in BEFORE_THE_DECISION and due < case.amount - case.recovered:
            _shrink(session, case, case.recovered + due)


def _open(session: Session, policy_id: str, application_id: UUID, person_id: UUID, due: int) -> None:
    case = open_case(session, policy_id, application_id, person_id, REBATE, due)  # or the same moment's other job did
    if case is not None:
        note(session, case, "opened", amount=due)
        events.publish(session, RebateReturnOpened(policy_id, application_id, case.id, due))


def _adjust(session: Session, case: ReturnCase, due: int) -> None:
    if due == 0:
        _end(session, case, _A.CLEAR)
    elif due != case.amount:
        case.amount, case.proposed_by, case.proposal_id = due, None, None
        note(session, case, "adjusted", amount=due)


def _shrink(session: Session, case: ReturnCase, amount: int) -> None:
    if amount > case.recovered:
        case.amount, case.proposal_id, case.write_off_by = amount, None, None
        note(session, case, "adjusted", amount=amount)
    elif case.recovered:
        case.amount = amount
        _end(session, case, _A.SETTLE)
    elif case.state in (_S.DECIDED, _S.DEMANDED):
        _end(session, case, _A.CANCEL)
    # In court, or in instalments that nobody has begun to pay: staff end it.


def _end(session: Session, case: ReturnCase, action: ReturnAction) -> None:
    case.state = move(_S(case.state), action, "system").target
    note(session, case, "made_up_for")
    events.publish(session, RebateReturnOver(case.policy_id, case.application_id, case.id))
    events.publish(session, ReturnEnded(case.policy_id, case.application_id))
