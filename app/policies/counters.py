"""The guarded update of a policy's one counter row: never more seats or points than there are (BR-33, BR-34)."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, DateTime, and_, bindparam, case, or_, select, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import ColumnElement

from app import clock
from app.db_statements import Statement
from app.errors import DomainError
from app.policies.models import LEDGER_COUNTERS, PolicyCounter
from app.policies.state import Counters

_COLUMNS = {column.name: column for column in PolicyCounter.__table__.columns}
COUNTER_COLUMNS = [_COLUMNS[name] for name in Counters.__dataclass_fields__]


class CountersRefused(RuntimeError):
    """A release of what was never held: a fault of the program, and nothing a person could correct."""


def apply(
    session: Session, policy_id: str, *, seats: int = 0, waiting: int = 0, passing_queue: bool = False, **deltas: int
) -> None:
    """Change seats and balances by the given differences, in ONE statement that checks its own result.

    ``deltas`` are named as the balances (``budget=-10_000, reserved=10_000``) and add up to the change of ``funded``.
    ``waiting`` changes the length of the queue; a seat that is not for somebody out of it (``waiting=-1``) is refused
    while somebody waits, unless ``passing_queue``. To be the last statement of a transaction: the row stays locked
    until commit. Raises ``DomainError`` E209 when no seat or not enough budget is free, ``CountersRefused`` when
    something is released that was not held.
    """
    unknown = deltas.keys() - {*LEDGER_COUNTERS, "funded"}
    balanced = sum(deltas.get(name, 0) for name in LEDGER_COUNTERS) == deltas.get("funded", 0)
    if unknown or not balanced:
        raise ValueError(f"unbalanced or unknown counters: {sorted(deltas)}")
    moved = {name: delta for name, delta in deltas.items() if delta}
    if seats:
        moved["seats_taken"] = seats
    if waiting:
        moved["waiting"] = waiting
    if not moved:
        return
    takes = seats > 0 or deltas.get("budget", 0) < 0
    guarded = _guarded(frozenset(moved), takes, takes_seats=seats > 0, for_the_queue=bool(waiting) or passing_queue)
    by = {f"by_{name}": change for name, change in moved.items()}
    if not guarded.rows(session, policy=policy_id, now=clock.now(), **by):
        if takes:
            raise DomainError("E209")
        raise CountersRefused(policy_id)


@lru_cache(maxsize=200)
def _guarded(moved: frozenset[str], takes: bool, *, takes_seats: bool, for_the_queue: bool) -> Statement:
    """The update that moves these columns, each by its parameter, if the result is legal."""
    after = {name: _COLUMNS[name] + bindparam(f"by_{name}", type_=BigInteger()) for name in sorted(moved)}
    legal: list[ColumnElement[bool]] = [value >= 0 for value in after.values()]
    seats_after = after.get("seats_taken", _COLUMNS["seats_taken"])
    budget_after = after.get("budget", _COLUMNS["budget"])
    if takes_seats:
        legal.append(or_(PolicyCounter.capacity.is_(None), seats_after <= PolicyCounter.capacity))
        if not for_the_queue:
            legal.append(PolicyCounter.waiting == 0)
    changes: dict[str, ColumnElement[Any]] = dict(after)
    if takes:
        is_full = or_(
            and_(PolicyCounter.capacity.is_not(None), seats_after >= PolicyCounter.capacity),
            budget_after < PolicyCounter.smallest_amount,
        )
        now = bindparam("now", type_=DateTime(timezone=True))
        filled = case((and_(PolicyCounter.filled_at.is_(None), is_full), now), else_=PolicyCounter.filled_at)
        changes["filled_at"] = filled
    return Statement(
        update(PolicyCounter)
        .where(PolicyCounter.policy_id == bindparam("policy"), *legal)
        .values(changes)
        .returning(PolicyCounter.policy_id)
    )


def open_seats(session: Session, policy_id: str, seats: int) -> None:
    """Note how many of the seats taken belong to nobody in this ledger: they were taken before it began."""
    session.execute(
        update(PolicyCounter)
        .where(PolicyCounter.policy_id == policy_id)
        .values(opening_seats=PolicyCounter.opening_seats + seats)
        .execution_options(synchronize_session=False)
    )


def open_again_with_room(session: Session, policy_id: str) -> None:
    """A policy that was full takes applications again, if it has room now: staff added to it on purpose."""
    session.execute(
        update(PolicyCounter)
        .where(
            PolicyCounter.policy_id == policy_id,
            PolicyCounter.filled_at.is_not(None),
            or_(PolicyCounter.capacity.is_(None), PolicyCounter.seats_taken < PolicyCounter.capacity),
            PolicyCounter.budget >= PolicyCounter.smallest_amount,
        )
        .values(filled_at=None)
        .execution_options(synchronize_session=False)
    )


def read(session: Session, policy_id: str) -> Counters:
    """The counters now. ``LookupError`` for an unknown policy."""
    row = session.execute(select(*COUNTER_COLUMNS).where(PolicyCounter.policy_id == policy_id)).one_or_none()
    if row is None:
        raise LookupError(policy_id)
    return from_row(row)


def read_locked(session: Session, policy_id: str) -> Counters:
    """The counters now, unchangeable for others until commit: for staff who change limits, never for a submit.

    ``LookupError`` for an unknown policy.
    """
    query = select(*COUNTER_COLUMNS).where(PolicyCounter.policy_id == policy_id).with_for_update()
    row = session.execute(query).one_or_none()
    if row is None:
        raise LookupError(policy_id)
    return from_row(row)


def lock_free_budget(session: Session, policy_id: str) -> int:
    """The free budget in points, with the counter row locked, for who takes as much as there is (BR-37).

    The row stays locked until commit: to be asked as late in a transaction as can be.
    """
    query = select(PolicyCounter.budget).where(PolicyCounter.policy_id == policy_id).with_for_update()
    return session.scalars(query).one()


def from_row(row: Any) -> Counters:
    """The counters from a row that holds ``COUNTER_COLUMNS``, possibly among others."""
    return Counters(**{name: getattr(row, name) for name in Counters.__dataclass_fields__})
