"""What the ledger says somebody got from a policy, for rules that look at earlier rounds (BR-16, BR-17)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.points.accounts import Account
from app.points.models import LedgerEntry

_BEFORE_GRANTED = (Account.RESERVED, Account.COMMITTED, Account.ORDERED)


def received_by(session: Session, policy_id: str, application_ids: Collection[UUID]) -> tuple[str, int]:
    """State and whole points of these applications together, in one policy.

    ``received``: something was granted and is not to be given back; ``on_the_way``: it may yet be; ``taken_back``: all
    that was granted; ``none``.
    """
    balances = _balances(session, policy_id, application_ids)
    if balances[Account.GRANTED] > 0:
        return "received", balances[Account.GRANTED]
    if any(balances[account] > 0 for account in _BEFORE_GRANTED):
        return "on_the_way", 0
    if balances[Account.RETURN_DUE] > 0 or balances[Account.RETURNED] > 0 or balances[Account.WRITTEN_OFF] > 0:
        return "taken_back", 0
    return "none", 0


def _balances(session: Session, policy_id: str, application_ids: Collection[UUID]) -> Counter[str]:
    balances: Counter[str] = Counter()
    if not application_ids:
        return balances
    rows = session.execute(
        select(LedgerEntry.from_account, LedgerEntry.to_account, func.sum(LedgerEntry.amount).label("amount"))
        .where(LedgerEntry.policy_id == policy_id, LedgerEntry.application_id.in_(application_ids))
        .group_by(LedgerEntry.from_account, LedgerEntry.to_account)
    )
    for row in rows:
        balances[row.from_account] -= int(row.amount)
        balances[row.to_account] += int(row.amount)
    return balances
