"""Suspend and resume a policy (domain.md 5.1): nothing new is taken, who applied already is served on."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app import audit, clock, db, events
from app.my_number import looks_like_my_number
from app.policies.happenings import PolicyResumed, PolicySuspended
from app.policies.models import Policy
from app.policies.queries import get
from app.policies.state import PolicyState

MAX_REASON = 200


class SuspendRefused(Exception):
    """The policy is not in a state in which it can be suspended or resumed, or the reason is not one; says why."""


def suspend(policy_id: str, *, by: str, reason: str) -> None:
    """From now on an application meets E210. ``LookupError`` for an unknown one.

    Only what is open can be suspended, and what is full: it may have a queue that still takes applications.
    """
    if not reason.strip() or len(reason) > MAX_REASON or looks_like_my_number(reason):
        raise SuspendRefused(f"a reason has at most {MAX_REASON} characters, and no 12-digit number")
    with db.transaction() as session:
        policy = _locked(session, policy_id, PolicyState.OPEN, PolicyState.FULL)
        policy.state = PolicyState.SUSPENDED
        change = _note(session, policy_id, "policy.suspended", by, reason)
        events.publish(session, PolicySuspended(policy_id, change))


def resume(policy_id: str, *, by: str) -> None:
    """It takes applications again, until its end. ``SuspendRefused`` for one that is not suspended or is over."""
    with db.transaction() as session:
        policy = _locked(session, policy_id, PolicyState.SUSPENDED)
        policy.state = PolicyState.PUBLISHED
        change = _note(session, policy_id, "policy.resumed", by, None)
        events.publish(session, PolicyResumed(policy_id, change))


def _locked(session: Session, policy_id: str, *wanted: PolicyState) -> Policy:
    """The row, locked; refused unless the policy is in a wanted state now (computed, ``state.state_of``)."""
    row = session.get(Policy, policy_id, with_for_update=True)
    view = get(session, policy_id) if row is not None else None
    if row is None or view is None:
        raise LookupError(policy_id)
    if view.state not in wanted:
        raise SuspendRefused(f"{policy_id} is {view.state}, not {wanted[0]}")
    return row


def _note(session: Session, policy_id: str, action: str, by: str, reason: str | None) -> str:
    session.flush()
    audit.record(
        session,
        action,
        actor_kind="staff",
        actor=by,
        policy_id=policy_id,
        object_kind="policy",
        object_id=policy_id,
        facts={"reason": reason} if reason else {},
    )
    return f"{action}:{clock.now().isoformat()}"
