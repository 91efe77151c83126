"""The guarded update of a policy's one counter row: never more seats or points than there are (BR-33, BR-34)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from psycopg.errors import DivisionByZero
from sqlalchemy import BigInteger, DateTime, and_, bindparam, case, func, literal_column, or_, select, update
from sqlalchemy.exc import DataError
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import ColumnElement

from app import clock, db
from app.db_statements import Statement, in_one_go
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
    move = _Move(seats, waiting, passing_queue, deltas)
    if move.by and not move.statement().rows(session, **move.values(policy_id)):
        raise move.refusal(policy_id)


@contextmanager
def applied_at_commit(session: Session, policy_id: str, *, seats: int = 0, **deltas: int) -> Iterator[None]:
    """What is written inside, then the same change, then the commit: all in one go.

    Nobody waits for the row while the program is told how it went. What ``apply`` would refuse fails in the database,
    so that the commit behind it is none. Raises as ``apply``; the transaction is over at the end.
    """
    move = _Move(seats, 0, False, deltas)
    connection = db.driver_connection(session)
    try:
        with in_one_go(session):
            yield
            if session.new or session.dirty or session.deleted:
                raise RuntimeError("what the session holds now would be written after this commit, by another one")
            move.statement(or_fail=True).ask(session, **move.values(policy_id))
            connection.commit()
    except DataError as fault:
        if isinstance(fault.orig, DivisionByZero):
            raise move.refusal(policy_id) from None
        raise
    session.commit()  # which has nothing left to send


class _Move:
    """By how much which columns move, and what that takes."""

    def __init__(self, seats: int, waiting: int, passing_queue: bool, deltas: dict[str, int]) -> None:
        unknown = deltas.keys() - {*LEDGER_COUNTERS, "funded"}
        balanced = sum(deltas.get(name, 0) for name in LEDGER_COUNTERS) == deltas.get("funded", 0)
        if unknown or not balanced:
            raise ValueError(f"unbalanced or unknown counters: {sorted(deltas)}")
        self.by = {name: delta for name, delta in deltas.items() if delta}
        if seats:
            self.by["seats_taken"] = seats
        if waiting:
            self.by["waiting"] = waiting
        self._takes_seats, self._for_the_queue = seats > 0, bool(waiting) or passing_queue
        self._takes = seats > 0 or deltas.get("budget", 0) < 0

    def statement(self, *, or_fail: bool = False) -> Statement:
        moved = frozenset(self.by)
        return _guarded(moved, self._takes, self._takes_seats, for_the_queue=self._for_the_queue, or_fail=or_fail)

    def values(self, policy_id: str) -> dict[str, Any]:
        return {"policy": policy_id, "now": clock.now(), **{f"by_{name}": change for name, change in self.by.items()}}

    def refusal(self, policy_id: str) -> Exception:
        return DomainError("E209") if self._takes else CountersRefused(policy_id)


@lru_cache(maxsize=200)
def _guarded(moved: frozenset[str], takes: bool, takes_seats: bool, *, for_the_queue: bool, or_fail: bool) -> Statement:
    """The update that moves these columns, each by its parameter, if the result is legal. ``or_fail``: where it is
    not, no row is moved and dividing by that number fails."""
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
    guarded = (
        update(PolicyCounter)
        .where(PolicyCounter.policy_id == bindparam("policy"), *legal)
        .values(changes)
        .returning(PolicyCounter.policy_id)
    )
    if or_fail:
        return Statement(select((literal_column("1") // func.count()).label("moved")).select_from(guarded.cte("moved")))
    return Statement(guarded)


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
