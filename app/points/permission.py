"""Whether a policy still lets an order go out."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app import clock, policies

_ENDED = frozenset({policies.PolicyState.CANCELLED, policies.PolicyState.COMPLETED, policies.PolicyState.ARCHIVED})


def may_still_order(session: Session, policy_id: str) -> bool:
    """True while the policy runs and its ``grant_by`` day is not over (BR-01).

    A suspended, full, closed or settling policy still serves the applications it has approved (E210).
    """
    policy = policies.get(session, policy_id)
    if policy is None or policy.state in _ENDED:
        return False
    return clock.today() <= clock.local(policy.document.window.grant_by).date()
