"""The ledger: points move between accounts of a policy, append only, and the policy's counters follow at the end.

Balances are derived from the entries; the counters are the same numbers kept ready, guarded against going below zero
or over capacity. A nightly job compares the two (``check_invariants``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any
from uuid import UUID

from procrastinate.tasks import Task
from procrastinate.types import JSONDict
from sqlalchemy import case, func, or_, select
from sqlalchemy.orm import Session

from app import audit, clock, db_rows, events, jobs
from app.points.accounts import FLOWS, Account, LedgerEvent
from app.points.happenings import RoomFreed
from app.points.models import Grant, GrantOrder, LedgerEntry
from app.policies import counters


class Book:
    """The entries of one policy in one transaction, written together with one update of its counters.

    New grants, their orders and the jobs that send them are written with them: for one application, or a thousand.

    ``close`` must be the last statement of the transaction: it locks the policy's one hot row, and every statement
    after it would make all other applications of the policy wait.
    """

    def __init__(self, session: Session, policy_id: str) -> None:
        self.policy_id = policy_id
        self._session = session
        self._entries: list[dict[str, Any]] = []
        self._grants: list[dict[str, Any]] = []
        self._orders: list[dict[str, Any]] = []
        self._jobs: list[tuple[Task[Any, Any, Any], JSONDict]] = []
        self._deltas: Counter[str] = Counter()
        self._closed = False

    def post(
        self,
        event: LedgerEvent,
        amount: int,
        *,
        application_id: UUID | None = None,
        person_id: UUID | None = None,
        order_id: UUID | None = None,
    ) -> None:
        """Move ``amount`` whole points as the event says; ``ValueError`` unless it is positive."""
        if self._closed:
            raise RuntimeError("the book is closed")
        if amount <= 0:
            raise ValueError("an entry moves at least one point")
        source, target = FLOWS[event]
        self._entries.append(
            {
                "policy_id": self.policy_id,
                "at": clock.now(),
                "event": event,
                "from_account": source,
                "to_account": target,
                "amount": amount,
                "application_id": application_id,
                "person_id": person_id,
                "order_id": order_id,
            }
        )
        for account, change in ((source, -amount), (target, amount)):
            self._deltas[account.counter] += -change if account is Account.FUNDING else change

    def add_order(self, order: dict[str, Any]) -> None:
        """A new grant order, by its columns (``grants.order_grant``)."""
        self._orders.append(order)

    def gather(self) -> int:
        """Take over the grants that were planned; at least as many rows as any table gets by ``write_rows``."""
        self._grants += db_rows.take_new(self._session, Grant)
        return max(len(self._entries), len(self._grants), audit.waiting(self._session))

    def write_rows(self) -> None:
        """Write what was posted and planned so far: grants, orders, entries, audit events, jobs; not the counters."""
        db_rows.insert_rows(self._session, Grant, self._grants)
        db_rows.insert_rows(self._session, GrantOrder, self._orders)
        db_rows.insert_rows(self._session, LedgerEntry, self._entries)
        audit.write(self._session)
        jobs.defer_all(self._session, self._jobs)
        self._grants, self._orders, self._entries, self._jobs = [], [], [], []

    def defer(self, task: Task[Any, Any, Any], **ids: str | int) -> None:
        """A job that is queued with what this book writes."""
        self._jobs.append((task, {**ids}))

    def close(self, *, seats: int = 0, waiting: int = 0, passing_queue: bool = False) -> None:
        """Write the entries, then move the counters, ``seats`` taken and people ``waiting`` in one guarded update.

        Raises E209 when the policy has not that many points or seats left, or when somebody waits for the seat and the
        caller may not pass them (``policies.counters.apply``).
        """
        moved = self._finish()
        with db_rows.together(self._session, most=self.gather()):
            self.write_rows()
        self._session.flush()
        if seats < 0 or moved.get("budget", 0) > 0:
            events.publish(self._session, RoomFreed(self.policy_id))
        if moved or seats or waiting:
            counters.apply(
                self._session, self.policy_id, seats=seats, waiting=waiting, passing_queue=passing_queue, **moved
            )

    def close_and_commit(self, *, seats: int, beside: Callable[[], None], most: int) -> None:
        """``close`` for who takes ``seats`` and has nothing left to do: the counters' row is locked for no longer than
        the commit takes. ``beside`` writes what else belongs to it, ``most`` rows of a table. Raises E209 as ``close``.
        """
        moved = self._finish()
        most = max(most, self.gather())
        if most >= db_rows.COPY_FROM:  # which can't go along with others
            beside()
            self.write_rows()
            counters.apply(self._session, self.policy_id, seats=seats, passing_queue=False, **moved)
            self._session.commit()
            return
        with (
            counters.applied_at_commit(self._session, self.policy_id, seats=seats, **moved),
            db_rows.together(self._session, most=most),
        ):
            beside()
            self.write_rows()

    def _finish(self) -> dict[str, int]:
        """No more entries; by how much the counters are to move."""
        if self._closed:
            raise RuntimeError("the book is closed")
        self._closed = True
        return {name: change for name, change in self._deltas.items() if change}


class Books:
    """The books of every policy that one transaction writes to: posted to all along, and closed together at its end.

    So the hot rows come last and in one order for everybody (decision 0026), however many results are taken at once.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._books: dict[str, Book] = {}
        self._seats: Counter[str] = Counter()

    def of(self, policy_id: str) -> Book:
        """The book of one policy, opened when it is first asked for."""
        if policy_id not in self._books:
            self._books[policy_id] = Book(self._session, policy_id)
        return self._books[policy_id]

    def free_seat(self, policy_id: str) -> None:
        """One seat of this policy is free again."""
        self._seats[policy_id] -= 1

    def close(self) -> None:
        """Close every book, in the order of the policies' ids; the last statements of the transaction."""
        for policy_id in sorted(self._books):
            self._books[policy_id].close(seats=self._seats[policy_id])


def held_for(session: Session, policy_id: str, application_id: UUID, account: Account) -> int:
    """The balance that one application has on an account, in points."""
    into = case((LedgerEntry.to_account == account, LedgerEntry.amount), else_=-LedgerEntry.amount)
    entries = select(func.coalesce(func.sum(into), 0)).where(
        LedgerEntry.policy_id == policy_id,
        LedgerEntry.application_id == application_id,
        or_(LedgerEntry.to_account == account, LedgerEntry.from_account == account),
    )
    return int(session.scalars(entries).one())


def lock_held(session: Session, policy_id: str, application_id: UUID, account: Account) -> int:
    """The same, and nobody else moves what this application was granted, or owes, until the transaction ends.

    For whoever takes from the balance what they just read. The last lock of a transaction before its book is closed:
    who holds it waits for nothing but the policy's counters.
    """
    session.flush()
    session.execute(select(func.todoke_lock_balances(policy_id, application_id)))
    return held_for(session, policy_id, application_id, account)


def balances_of(session: Session, policy_id: str, account: Account) -> dict[UUID, int]:
    """The balances that the applications of a policy have on an account, in points."""
    into = case((LedgerEntry.to_account == account, LedgerEntry.amount), else_=-LedgerEntry.amount)
    rows = session.execute(
        select(LedgerEntry.application_id, func.sum(into))
        .where(
            LedgerEntry.policy_id == policy_id,
            LedgerEntry.application_id.is_not(None),
            or_(LedgerEntry.to_account == account, LedgerEntry.from_account == account),
        )
        .group_by(LedgerEntry.application_id)
    )
    return {application_id: int(balance) for application_id, balance in rows if application_id is not None}


def fund(session: Session, policy_id: str, amount: int) -> None:
    """Put budget into a policy (points), or take it back when ``amount`` is negative.

    Raises E209 when more would be taken back than is free.
    """
    book = Book(session, policy_id)
    book.post(LedgerEvent.FUND if amount > 0 else LedgerEvent.DEFUND, abs(amount))
    book.close()


def open_with(session: Session, policy_id: str, *, granted: int, seats: int) -> None:
    """Take over what was granted (points) and how many seats were taken before this ledger began."""
    book = Book(session, policy_id)
    if granted:
        book.post(LedgerEvent.OPENING, granted)
    book.close(seats=seats)
    counters.open_seats(session, policy_id, seats)
