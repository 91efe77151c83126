"""Capacity and budget of a policy that takes applications: raised at any time, never lowered below what is taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sqlalchemy.orm import Session

from app import audit, db, events, payments, policies
from app.my_number import looks_like_my_number
from app.points.happenings import RoomFreed
from app.points.ledger import fund
from app.policies import counters

MAX_REASON = 200
Unchanged = Literal["unchanged"]
UNCHANGED: Unchanged = "unchanged"


class LimitsRefused(Exception):
    """Less than what is taken; ``taken`` is seats or points, as ``what`` says. Nothing was changed."""

    def __init__(self, what: Literal["capacity", "budget"], taken: int, wanted: int) -> None:
        super().__init__(f"{what} {wanted} is less than the {taken} taken")
        self.what, self.taken, self.wanted = what, taken, wanted

    def wording(self) -> str:
        """The sentence for staff."""
        if self.what == "capacity":
            return f"定員を{self.wanted}人にはできません。すでに{self.taken}人分の席を使っています。"
        return f"予算を{self.wanted}ポイントにはできません。すでに{self.taken}ポイントを使っているか、確保しています。"


@dataclass(frozen=True)
class LimitsChanged:
    """Before and after, in seats (``None``: no limit) and whole points. ``version`` is the one from here on."""

    version: int
    capacity_before: int | None
    capacity: int | None
    budget_before: int
    budget: int


def change_limits(
    policy_id: str,
    *,
    by: str,
    reason: str,
    capacity: int | Unchanged | None = UNCHANGED,
    budget: int | Unchanged = UNCHANGED,
) -> LimitsChanged:
    """Raise or lower seats (``None``: no limit) and points, as a new version of the policy (M11).

    Who applied keeps what was promised: below what is taken nothing is lowered, ``LimitsRefused`` (BR-33); the guarded
    counters are the last judge. With more room the queue moves up, and a full policy opens again. Raises
    ``policies.LoadRefused`` where the document's own rules forbid the numbers, ``LookupError`` for an unknown policy,
    ``ValueError`` without a reason.
    """
    if not reason.strip() or len(reason) > MAX_REASON or looks_like_my_number(reason):
        raise ValueError(f"a reason of at most {MAX_REASON} characters is needed, without a 12-digit number (BR-57)")
    with db.transaction() as session:
        version, stored = policies.lock_declared(session, policy_id)
        before = counters.read_locked(session, policy_id)
        wanted_capacity = stored.capacity if capacity == UNCHANGED else capacity
        wanted_budget = stored.budget if budget == UNCHANGED else budget
        _check_covers_what_is_taken(before, wanted_capacity, wanted_budget)
        content = stored.canonical() | {"capacity": wanted_capacity, "budget": wanted_budget}
        report = policies.load_policies(
            session,
            [content],
            source=f"limits by {by}: {reason}",
            known_services=payments.known_service_ids(session),
            services_with_spend_scope=payments.services_with_spend_scope(session),
            services_with_rebate=payments.services_with_rebate(session),
        )
        changed = LimitsChanged(
            version + len(report.policies_changed), stored.capacity, wanted_capacity, stored.budget, wanted_budget
        )
        if report.policies_changed:
            _note(session, policy_id, changed, by)
            events.publish(session, RoomFreed(policy_id))
            if difference := report.funding.get(policy_id, 0):
                fund(session, policy_id, difference)
            counters.open_again_with_room(session, policy_id)
        return changed


def _check_covers_what_is_taken(now: policies.Counters, capacity: int | None, budget: int) -> None:
    if capacity is not None and capacity < now.seats_taken:
        raise LimitsRefused("capacity", now.seats_taken, capacity)
    taken = now.funded - now.budget
    if budget < taken:
        raise LimitsRefused("budget", taken, budget)


def _note(session: Session, policy_id: str, changed: LimitsChanged, by: str) -> None:
    audit.record(
        session,
        "policy.limits_changed",
        actor_kind="staff",
        actor=by,
        policy_id=policy_id,
        object_kind="policy",
        object_id=policy_id,
        facts={
            "version": changed.version,
            "capacity_before": changed.capacity_before,
            "capacity": changed.capacity,
            "budget_before": changed.budget_before,
            "budget": changed.budget,
        },
    )
