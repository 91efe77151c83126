"""The retention of whole policies: what is decided about them, and the job that erases what is over."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import applications, audit, clock, db, policies, rebates, returns
from app.retention.erase import default_rule, erase_everything_of, erase_part_of
from app.retention.models import Erasure, RetentionRule
from app.retention.rules import erasable_from

JOB = "retention"
PEOPLE_PER_TRANSACTION = 100
ENDED = (policies.PolicyState.COMPLETED, policies.PolicyState.ARCHIVED, policies.PolicyState.CANCELLED)


@dataclass(frozen=True)
class RetentionView:
    """One policy's rule as staff see it."""

    policy_id: str
    completed_on: date | None
    erasable_from: date | None
    keep_keys: bool
    held_by: str | None
    erased_at: datetime | None


def set_rule(  # one parameter for each thing that can be decided
    policy_id: str,
    *,
    by: str,
    completed_on: date | None = None,
    kept_fiscal_years: int | None = None,
    keep_keys: bool | None = None,
    held: bool | None = None,
) -> None:
    """Decide about one policy; what is not given stays. ``LookupError`` for an unknown policy or one erased already."""
    with db.transaction() as session:
        if not policies.exists(session, policy_id):
            raise LookupError(policy_id)
        rule = session.get(RetentionRule, policy_id, with_for_update=True) or default_rule(policy_id)
        if rule.erased_at is not None:
            raise LookupError(f"{policy_id} is erased")
        if completed_on is not None:
            rule.completed_on = completed_on
        if kept_fiscal_years is not None:
            rule.kept_fiscal_years = kept_fiscal_years
        if keep_keys is not None:
            rule.keep_keys = keep_keys
        if held is not None:
            rule.held_by, rule.held_since = (by, clock.now()) if held else (None, None)
        session.add(rule)
        audit.record(
            session,
            "retention.decided",
            actor_kind="staff",
            actor=by,
            policy_id=policy_id,
            object_kind="policy",
            object_id=policy_id,
            facts={
                "completed_on": rule.completed_on.isoformat() if rule.completed_on else None,
                "kept_fiscal_years": rule.kept_fiscal_years,
                "keep_keys": rule.keep_keys,
                "held": rule.held_by is not None,
            },
        )


def view_rules() -> list[RetentionView]:
    """Every policy about which something is decided or noted."""
    with db.reading() as session:
        rows = session.scalars(select(RetentionRule).order_by(RetentionRule.policy_id)).all()
        return [
            RetentionView(
                row.policy_id,
                row.completed_on,
                erasable_from(row.completed_on, row.kept_fiscal_years) if row.completed_on else None,
                row.keep_keys,
                row.held_by,
                row.erased_at,
            )
            for row in rows
        ]


def note_ended_policies() -> int:
    """Note the day on which a policy was first seen completed, archived or cancelled; returns how many are new."""
    with db.transaction() as session:
        ended = policies.in_states(session, ENDED)
        known = {row.policy_id: row for row in session.scalars(select(RetentionRule))}
        new = [p for p in ended if p not in known or known[p].completed_on is None]
        for policy_id in new:
            rule = known.get(policy_id) or default_rule(policy_id)
            rule.completed_on = clock.today()
            session.add(rule)
        return len(new)


def erase_ended_policies() -> list[str]:
    """Erase what no policy needs any more; returns the policies that are done. A crash goes on where it stopped."""
    with db.reading() as session:
        rules = session.scalars(
            select(RetentionRule)
            .where(
                RetentionRule.completed_on.is_not(None),
                RetentionRule.erased_at.is_(None),
                RetentionRule.held_by.is_(None),
            )
            .order_by(RetentionRule.policy_id)
        ).all()
        due = [
            rule.policy_id
            for rule in rules
            if rule.completed_on and clock.today() >= erasable_from(rule.completed_on, rule.kept_fiscal_years)
        ]
    return [policy_id for policy_id in due if _erase_policy(policy_id)]


def _erase_policy(policy_id: str) -> bool:
    """False when somebody put it on hold meanwhile, an application is in flight or points are being asked back."""
    total: Counter[str] = Counter()
    after: UUID | None = None
    while True:
        with db.transaction() as session:
            rule = session.get_one(RetentionRule, policy_id, with_for_update=True)
            if rule.held_by or rule.erased_at or applications.any_in_flight(session, policy_id):
                return False
            if returns.any_open_case(session, policy_id):
                return False
            batch = applications.people_in(session, policy_id, after=after, limit=PEOPLE_PER_TRANSACTION)
            for person_id in batch:
                total.update(_erase_one(session, policy_id, person_id))
            if len(batch) < PEOPLE_PER_TRANSACTION:
                total["put_aside"] += rebates.erase_put_aside(session, policy_id)
                _certify(session, rule, total)
                return True
            after = batch[-1]


def _erase_one(session: Session, policy_id: str, person_id: UUID) -> dict[str, int]:
    standing = applications.standing_of(session, person_id)
    others = {each.policy_id for each in standing} - {policy_id}
    done = set(
        session.scalars(
            select(RetentionRule.policy_id).where(
                RetentionRule.policy_id.in_(others), RetentionRule.erased_at.is_not(None)
            )
        )
    )
    if others - done:
        own = [each for each in standing if each.policy_id == policy_id]
        return erase_part_of(session, person_id, own, [each for each in standing if each.policy_id in others - done])
    return erase_everything_of(session, person_id, standing, JOB)


def _certify(session: Session, rule: RetentionRule, total: Counter[str]) -> None:
    rule.erased_at = clock.now()
    row = Erasure(
        id=db.new_id(),
        kind="policy",
        subject=rule.policy_id,
        policy_id=rule.policy_id,
        reason="retention",
        erased_by=JOB,
        erased_at=rule.erased_at,
        keys_kept=False,
        counts=dict(total),
    )
    session.add(row)
    audit.record(
        session,
        "policy.erased",
        actor_kind="system",
        policy_id=rule.policy_id,
        object_kind="erasure",
        object_id=str(row.id),
        facts=dict(total),
    )
