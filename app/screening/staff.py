"""Who decides: a member of staff with roles. Accounts come with the portal; here only what the rules need of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Role = Literal["planner", "reviewer", "approver", "counter", "treasurer"]


@dataclass(frozen=True, slots=True)
class Staff:
    """One member of staff, signed in. ``staff_id`` stands on every record of what they do."""

    staff_id: str
    roles: frozenset[Role]


Reason = Literal[
    "wrong_role",
    "not_yours",
    "same_person",
    "no_proposal",
    "not_in_review",
    "others_open",
    "deceased",
    "amount_open",
    "no_tier",
    "holder_changed",
]


class ReviewRefused(Exception):
    """Staff may not do this; ``reason`` says why: a role, another's work, the same person twice (four eyes), a check
    that is in other hands than were read (``holder_changed``), or an amount that depends on a child's place in the
    family while that is not known (``amount_open``) or outside all steps (``no_tier``).
    """

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


def check_role(staff: Staff, role: Role) -> None:
    """Raise ``ReviewRefused`` unless the member of staff has the role."""
    if role not in staff.roles:
        raise ReviewRefused("wrong_role")
