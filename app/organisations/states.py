"""What may happen to an account of staff, as a table (domain.md 5.8).

The rows before ``active`` (asked for by mail, reviewed, issued) belong to the registration of organisations; an
operator's ``todoke staff add`` gives password and second factor at once.
"""

from __future__ import annotations

from enum import StrEnum


class AccountState(StrEnum):
    """Where an account stands."""

    ACTIVE = "active"
    LOCKED = "locked"
    SUSPENDED = "suspended"
    CLOSED = "closed"


class AccountEvent(StrEnum):
    """What is done to an account."""

    LOCK = "lock"
    UNLOCK = "unlock"
    SUSPEND = "suspend"
    RESUME = "resume"
    CLOSE = "close"


TRANSITIONS: dict[tuple[AccountState, AccountEvent], AccountState] = {
    (AccountState.ACTIVE, AccountEvent.LOCK): AccountState.LOCKED,
    (AccountState.ACTIVE, AccountEvent.SUSPEND): AccountState.SUSPENDED,
    (AccountState.ACTIVE, AccountEvent.CLOSE): AccountState.CLOSED,
    (AccountState.LOCKED, AccountEvent.UNLOCK): AccountState.ACTIVE,
    (AccountState.LOCKED, AccountEvent.SUSPEND): AccountState.SUSPENDED,
    (AccountState.SUSPENDED, AccountEvent.RESUME): AccountState.ACTIVE,
    (AccountState.SUSPENDED, AccountEvent.CLOSE): AccountState.CLOSED,
}


class AccountMoveRefused(Exception):
    """This cannot be done to an account in its state; nothing has changed."""

    def __init__(self, state: AccountState, event: AccountEvent) -> None:
        super().__init__(f"{event} is not possible for an account that is {state}")
        self.state = state
        self.event = event


def after(state: AccountState, event: AccountEvent) -> AccountState:
    """The state that follows. Raises ``AccountMoveRefused`` for what the table does not list."""
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise AccountMoveRefused(state, event) from None
