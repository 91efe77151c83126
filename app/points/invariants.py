"""Compares the ledger with everything that repeats it; run in tests and every night (domain.md 5.5, promise 3)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy import ColumnElement, case, func, select, union_all
from sqlalchemy.orm import Session

from app.points.accounts import Account, LedgerEvent
from app.points.models import GrantOrder, LedgerEntry
from app.points.states import LIVE_ORDER
from app.policies import counters

# Balances of one application; the other accounts belong to the policy as a whole.
_OF_APPLICATIONS = (Account.RESERVED, Account.COMMITTED, Account.ORDERED, Account.RETURN_DUE)


@dataclass(frozen=True)
class Difference:
    """Two numbers of one policy that should be equal, and are not."""

    policy_id: str
    what: str
    expected: int
    found: int


Check = Callable[[Session, str | None], Iterable[Difference]]
_further: list[Check] = []


def also_check(check: Check) -> None:
    """Have a higher floor's numbers compared, too; registering the same check again changes nothing."""
    if check not in _further:
        _further.append(check)


def check_invariants(session: Session, policy_id: str | None = None) -> list[Difference]:
    """Every difference in one policy or in all that have ledger entries; empty when the books are right."""
    balances = _balances(session, policy_id)
    if policy_id is not None:
        balances.setdefault(policy_id, dict.fromkeys(Account, 0))
    return [
        *(difference for found in balances for difference in _against_counters(session, found, balances[found])),
        *_negative_applications(session, policy_id),
        *_orders_against_entries(session, policy_id),
        *(difference for check in _further for difference in check(session, policy_id)),
    ]


def _balances(session: Session, policy_id: str | None) -> dict[str, dict[Account, int]]:
    only = _only(policy_id)
    incoming = select(LedgerEntry.policy_id, LedgerEntry.to_account.label("account"), LedgerEntry.amount).where(*only)
    outgoing = select(LedgerEntry.policy_id, LedgerEntry.from_account, -LedgerEntry.amount).where(*only)
    moves = union_all(incoming, outgoing).subquery()
    rows = session.execute(
        select(moves.c.policy_id, moves.c.account, func.sum(moves.c.amount)).group_by(
            moves.c.policy_id, moves.c.account
        )
    )
    result: dict[str, dict[Account, int]] = defaultdict(lambda: dict.fromkeys(Account, 0))
    for found, account, amount in rows:
        result[found][Account(account)] = int(amount)
    return dict(result)


def _against_counters(session: Session, policy_id: str, balances: dict[Account, int]) -> Iterator[Difference]:
    kept = counters.read(session, policy_id)
    for account, balance in balances.items():
        expected = -balance if account is Account.FUNDING else balance
        found = getattr(kept, account.counter)
        if expected != found:
            yield Difference(policy_id, f"counter {account.counter}", expected, found)
        if expected < 0:
            yield Difference(policy_id, f"negative {account}", 0, expected)


def _negative_applications(session: Session, policy_id: str | None) -> Iterator[Difference]:
    def balance(account: Account) -> ColumnElement[int]:
        sign = case((LedgerEntry.to_account == account, 1), (LedgerEntry.from_account == account, -1), else_=0)
        return func.sum(sign * LedgerEntry.amount)

    for account in _OF_APPLICATIONS:
        rows = session.execute(
            select(LedgerEntry.policy_id, LedgerEntry.application_id, balance(account))
            .where(LedgerEntry.application_id.is_not(None), *_only(policy_id))
            .group_by(LedgerEntry.policy_id, LedgerEntry.application_id)
            .having(balance(account) < 0)
        )
        for found, application_id, amount in rows:
            yield Difference(found, f"{account} of application {application_id}", 0, int(amount))


def _orders_against_entries(session: Session, policy_id: str | None) -> Iterator[Difference]:
    """Every ORDERED entry has exactly one live grant order, of the same amount."""
    open_points = func.sum(
        case((LedgerEntry.event == LedgerEvent.ORDER, LedgerEntry.amount), else_=-LedgerEntry.amount)
    ).label("open_points")
    entries = (
        select(LedgerEntry.policy_id, LedgerEntry.order_id, open_points)
        .where(LedgerEntry.event.in_((LedgerEvent.ORDER, LedgerEvent.GRANT_OK, LedgerEvent.GRANT_NG)))
        .group_by(LedgerEntry.policy_id, LedgerEntry.order_id)
        .subquery()
    )
    expected = case((GrantOrder.state.in_(LIVE_ORDER), GrantOrder.amount), else_=0)
    found = func.coalesce(entries.c.open_points, 0)
    policy = func.coalesce(GrantOrder.policy_id, entries.c.policy_id)
    order = func.coalesce(GrantOrder.id, entries.c.order_id)
    rows = session.execute(
        select(policy, order, func.coalesce(expected, 0), found)
        .select_from(GrantOrder)
        .join(
            entries,
            (entries.c.policy_id == GrantOrder.policy_id) & (entries.c.order_id == GrantOrder.id),
            full=True,
        )
        .where(func.coalesce(expected, 0) != found, *([policy == policy_id] if policy_id else []))
    )
    for of_policy, order_id, want, have in rows:
        yield Difference(of_policy, f"ORDERED of order {order_id}", int(want), int(have))


def _only(policy_id: str | None) -> list[ColumnElement[bool]]:
    return [] if policy_id is None else [LedgerEntry.policy_id == policy_id]
