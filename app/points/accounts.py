"""The ledger's accounts and events as data: which event moves points from where to where (domain.md 5.5)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Account(StrEnum):
    """Where points of a policy stand. FUNDING is the contra account and the only one that may be negative."""

    FUNDING = "FUNDING"
    BUDGET = "BUDGET"
    RESERVED = "RESERVED"
    COMMITTED = "COMMITTED"
    ORDERED = "ORDERED"
    GRANTED = "GRANTED"
    RETURN_DUE = "RETURN_DUE"
    RETURNED = "RETURNED"
    EXPIRED = "EXPIRED"
    WRITTEN_OFF = "WRITTEN_OFF"

    @property
    def counter(self) -> str:
        """The policy counter that holds this account's balance; FUNDING is kept as its positive mirror."""
        return "funded" if self is Account.FUNDING else self.value.lower()


class LedgerEvent(StrEnum):
    """Why points moved."""

    FUND = "fund"
    DEFUND = "defund"
    OPENING = "opening"
    RESERVE = "reserve"
    RELEASE = "release"
    COMMIT = "commit"
    UNCOMMIT = "uncommit"
    EXPIRE = "expire"
    RECYCLE = "recycle"
    ORDER = "order"
    GRANT_OK = "grant_ok"
    GRANT_NG = "grant_ng"
    NOT_RECEIVED = "not_received"
    CLAWBACK_OPEN = "clawback_open"
    CLAWBACK_CANCEL = "clawback_cancel"
    REVERSAL = "reversal"
    REPAY = "repay"
    WRITE_OFF = "write_off"


_A, _E = Account, LedgerEvent

FLOWS: Mapping[LedgerEvent, tuple[Account, Account]] = {
    _E.FUND: (_A.FUNDING, _A.BUDGET),
    _E.DEFUND: (_A.BUDGET, _A.FUNDING),
    # Granted before this ledger began: a policy that is taken over in the middle of its run.
    _E.OPENING: (_A.BUDGET, _A.GRANTED),
    _E.RESERVE: (_A.BUDGET, _A.RESERVED),
    _E.RELEASE: (_A.RESERVED, _A.BUDGET),
    _E.COMMIT: (_A.RESERVED, _A.COMMITTED),
    _E.UNCOMMIT: (_A.COMMITTED, _A.BUDGET),
    _E.EXPIRE: (_A.COMMITTED, _A.EXPIRED),
    _E.RECYCLE: (_A.EXPIRED, _A.BUDGET),
    _E.ORDER: (_A.COMMITTED, _A.ORDERED),
    _E.GRANT_OK: (_A.ORDERED, _A.GRANTED),
    _E.GRANT_NG: (_A.ORDERED, _A.COMMITTED),
    _E.NOT_RECEIVED: (_A.GRANTED, _A.EXPIRED),
    _E.CLAWBACK_OPEN: (_A.GRANTED, _A.RETURN_DUE),
    _E.CLAWBACK_CANCEL: (_A.RETURN_DUE, _A.GRANTED),
    _E.REVERSAL: (_A.RETURN_DUE, _A.RETURNED),
    _E.REPAY: (_A.RETURN_DUE, _A.RETURNED),
    _E.WRITE_OFF: (_A.RETURN_DUE, _A.WRITTEN_OFF),
}

# Each of these happens at most once to one grant order; the database holds them to that.
ORDER_EVENTS = (_E.ORDER, _E.GRANT_OK, _E.GRANT_NG)
