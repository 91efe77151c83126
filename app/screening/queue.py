"""Moves of stored checks, in the caller's transaction: each walks the table and leaves a row that says who did it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import and_, insert, or_, select
from sqlalchemy.orm import Session

from app import clock
from app.policies import CheckKind
from app.screening.facts import CheckOutcome, CheckResult
from app.screening.models import IN_THE_QUEUE, PENDING_FOR_STAFF, Check, CheckMoved
from app.screening.pipeline import REVIEW_DAYS
from app.screening.staff import ReviewRefused, Staff, check_role
from app.screening.states import CheckAction, CheckState, Standing, move, standing_of

_S, _A = CheckState, CheckAction

SYSTEM_ACTOR = "system"

# What the system does by itself before a reviewer can take a check that waits for staff.
_INTO_THE_QUEUE: dict[CheckState, tuple[CheckAction, ...]] = {
    _S.PENDING: (_A.START, _A.RESULT_INCONCLUSIVE, _A.QUEUE),
    _S.INCONCLUSIVE: (_A.QUEUE,),
    _S.INVALIDATED: (_A.QUEUE,),
}


@dataclass(frozen=True, slots=True)
class QueueItem:
    """A check that waits for staff: which, since when, what the rule said, and who has it."""

    policy_id: str
    application_id: UUID
    kind: CheckKind
    state: CheckState
    code: str | None
    since: datetime
    assigned_to: str | None


def queue_of(session: Session, policy_id: str, *, limit: int = 200) -> list[QueueItem]:
    """What staff of a policy have to decide, oldest first."""
    pending = and_(Check.result == _S.PENDING, Check.kind.in_(PENDING_FOR_STAFF))
    rows = session.scalars(
        select(Check)
        .where(Check.policy_id == policy_id, or_(Check.result.in_(IN_THE_QUEUE), pending))
        .order_by(Check.decided_at, Check.application_id, Check.kind)
        .limit(limit)
    )
    return [
        QueueItem(
            row.policy_id,
            row.application_id,
            CheckKind(row.kind),
            CheckState(row.result),
            row.code,
            row.decided_at,
            row.assigned_to,
        )
        for row in rows
    ]


def locked_checks(session: Session, policy_id: str, application_id: UUID) -> dict[CheckKind, Check]:
    """All checks of an application, locked until the transaction ends."""
    rows = session.scalars(
        select(Check)
        .where(Check.policy_id == policy_id, Check.application_id == application_id)
        .order_by(Check.kind)
        .with_for_update()
    )
    return {CheckKind(row.kind): row for row in rows}


def standing(checks: dict[CheckKind, Check]) -> Standing:
    """What the checks add up to now."""
    return standing_of(frozenset(CheckState(row.result) for row in checks.values()))


def act(session: Session, check: Check, action: CheckAction, actor_kind: str, actor: str | None = None) -> None:
    """Move one check by one action of the table. ``CheckMoveRefused`` when it is not listed."""
    before = CheckState(check.result)
    check.result = move(before, action, actor_kind).target
    check.decided_at = clock.now()
    check.decided_by = actor or actor_kind
    session.execute(
        insert(CheckMoved).values(
            policy_id=check.policy_id,
            application_id=check.application_id,
            kind=check.kind,
            at=check.decided_at,
            action=action,
            from_state=before,
            to_state=check.result,
            actor_kind=actor_kind,
            actor=actor,
        )
    )


def take(session: Session, check: Check, staff: Staff) -> None:
    """A reviewer takes a check out of the queue. Taken by another already: ``ReviewRefused``."""
    check_role(staff, "reviewer")
    if check.result in (_S.ASSIGNED, _S.NEEDS_INFO):
        if check.assigned_to != staff.staff_id:
            raise ReviewRefused("not_yours")
        return
    for action in _INTO_THE_QUEUE.get(CheckState(check.result), ()):
        act(session, check, action, SYSTEM_ACTOR)
    check.assigned_to = staff.staff_id
    act(session, check, _A.TAKE, "reviewer", staff.staff_id)


def give_back(session: Session, check: Check, staff: Staff) -> bool:
    """The reviewer who has the check puts it back into the queue. False when they did so already.

    ``ReviewRefused`` when it is another's or nobody's, ``CheckMoveRefused`` while a question about it is out.
    """
    if _was_put_back_by(check, staff):
        return False
    check_is_assigned_to(check, staff)
    _put_back(session, check, _A.GIVE_BACK, "reviewer", staff)
    return True


def take_back(session: Session, check: Check, staff: Staff, holder: str) -> bool:
    """An approver puts a check that ``holder`` has back into the queue. False when they did so already.

    ``holder`` is whom the approver read: a page that was open meanwhile takes nothing from anybody else.
    """
    check_role(staff, "approver")
    if _was_put_back_by(check, staff):
        return False
    if check.result == _S.ASSIGNED and check.assigned_to != holder:
        raise ReviewRefused("holder_changed")
    _put_back(session, check, _A.TAKE_BACK, "approver", staff)
    return True


def _put_back(session: Session, check: Check, action: CheckAction, actor_kind: str, staff: Staff) -> None:
    since = check.decided_at
    check.assigned_to = None
    act(session, check, action, actor_kind, staff.staff_id)
    check.decided_at = since  # whoever waits keeps the place in the queue


def _was_put_back_by(check: Check, staff: Staff) -> bool:
    return check.result == _S.MANUAL_QUEUE and check.decided_by == staff.staff_id


def check_is_assigned_to(check: Check, staff: Staff) -> None:
    """Raise ``ReviewRefused`` unless this reviewer has taken the check."""
    check_role(staff, "reviewer")
    if check.assigned_to != staff.staff_id:
        raise ReviewRefused("not_yours")


def run_again(session: Session, checks: dict[CheckKind, Check], outcomes: Sequence[CheckOutcome]) -> list[CheckKind]:
    """Take in what came since: checks that waited get their result; what staff have in hand is theirs.

    A check that was not needed before joins. Returns the checks that changed.
    """
    changed = []
    one = next(iter(checks.values()))
    policy_id, application_id = one.policy_id, one.application_id
    later = {"rule_said": "not_met", "date": (clock.today() + timedelta(days=REVIEW_DAYS)).isoformat()}
    for outcome in outcomes:
        check = checks.get(outcome.kind)
        if check is None and outcome.result is CheckResult.INCONCLUSIVE:
            check = checks[outcome.kind] = _new(session, policy_id, application_id, outcome)
        if check is None or check.result != _S.PENDING or outcome.result is CheckResult.PENDING:
            continue
        act(session, check, _A.START, SYSTEM_ACTOR)
        # What came in later is not the card: only people refuse by it (domain.md 5.2).
        failed = outcome.result is CheckResult.FAILED
        passed = outcome.result is CheckResult.PASSED
        act(session, check, _A.RESULT_PASSED if passed else _A.RESULT_INCONCLUSIVE, SYSTEM_ACTOR)
        check.code, check.facts = ("E205", later) if failed else (outcome.code, outcome.facts)
        check.rule_version, check.input_digest = outcome.rule_version, outcome.input_digest
        changed.append(outcome.kind)
    return changed


def _new(session: Session, policy_id: str, application_id: UUID, outcome: CheckOutcome) -> Check:
    check = Check(
        policy_id=policy_id,
        application_id=application_id,
        kind=outcome.kind.value,
        result=_S.INCONCLUSIVE,
        code=outcome.code,
        facts=outcome.facts,
        rule_version=outcome.rule_version,
        input_digest=outcome.input_digest,
        decided_at=clock.now(),
        decided_by=SYSTEM_ACTOR,
    )
    session.add(check)
    session.flush()
    return check
