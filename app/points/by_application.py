"""What the ledger says of each application, as a table for a floor that compares it with something else."""

from __future__ import annotations

from sqlalchemy import Subquery, and_, case, func, select

from app.points.accounts import Account, LedgerEvent
from app.points.models import LedgerEntry


def balances_by_application(policy_id: str | None = None) -> Subquery:
    """One row for each application with entries: ``policy_id``, ``application_id``, and a column for each account.

    ``budget`` is what the application took out of the free budget and has not given back, as a negative number,
    ``recycled`` what expired of it and became free budget again.
    """
    columns = [
        func.sum(
            case(
                (LedgerEntry.to_account == account, LedgerEntry.amount),
                (LedgerEntry.from_account == account, -LedgerEntry.amount),
                else_=0,
            )
        ).label(account.value.lower())
        for account in Account
        if account is not Account.FUNDING
    ]
    recycled = func.sum(case((LedgerEntry.event == LedgerEvent.RECYCLE, LedgerEntry.amount), else_=0)).label("recycled")
    only = [] if policy_id is None else [LedgerEntry.policy_id == policy_id]
    return (
        select(LedgerEntry.policy_id, LedgerEntry.application_id, *columns, recycled)
        .where(and_(LedgerEntry.application_id.is_not(None), *only))
        .group_by(LedgerEntry.policy_id, LedgerEntry.application_id)
        .subquery()
    )
