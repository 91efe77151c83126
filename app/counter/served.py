"""Which policies a counter serves: those of its own municipality and of its prefecture, nobody else's."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app import clock, municipalities, policies
from app.policies import PolicyView


def givers_served(municipality_code: str) -> tuple[str, str]:
    """The bodies whose policies a counter of this municipality receives applications for."""
    return municipality_code, municipalities.get(municipality_code).prefecture_code


def policy_served(session: Session, municipality_code: str, policy_id: str) -> PolicyView:
    """The policy. ``LookupError`` for one that does not exist, or that this counter has nothing to do with."""
    policy = policies.get(session, policy_id)
    if policy is None or policy.document.municipality_code not in givers_served(municipality_code):
        raise LookupError("no policy of this counter")
    return policy


def policies_to_choose_for(session: Session, municipality_code: str) -> list[PolicyView]:
    """Those whose service may be chosen later and whose grants are not over, whether they take applications or not."""
    found: list[PolicyView] = []
    for giver in givers_served(municipality_code):
        for policy_id in policies.of_municipality(session, giver):
            policy = policies.get(session, policy_id)
            if policy is not None and policy.document.assign_later and _is_between(policy):
                found.append(policy)
    return found


def _is_between(policy: PolicyView) -> bool:
    window = policy.document.window
    return window.apply_from <= clock.now() <= window.grant_by
