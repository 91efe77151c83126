"""A counter with one terminal and staff, and their hands: signing in as they would."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import timedelta

from app import cards, clock, db, organisations
from app.organisations import Credentials, Role, SignedInStaff, Terminal, totp
from app.pii import Private

TOWN = "992011"
IDLE = timedelta(minutes=15)
ABSOLUTE = timedelta(hours=10)


@dataclass
class Clerk:
    """A member of staff who remembers the password and holds the authenticator."""

    credentials: Credentials
    _used: int = 0

    @property
    def staff_id(self) -> str:
        return self.credentials.staff_id

    def code(self) -> str:
        """A code that was not accepted yet; the authenticator may be one step ahead, as the server allows."""
        return totp.code_at(self.credentials.totp_secret.reveal(), self._next())

    def _next(self) -> int:
        return max(self._used + 1, totp.step_of(clock.real_now()))

    def sign_in(self, terminal: Terminal, *, password: str | None = None, code: str | None = None) -> str | None:
        typed = Private(password) if password is not None else self.credentials.password
        shown, step = self.code(), self._next()
        token = organisations.sign_in(
            terminal.terminal_id, self.staff_id, typed, shown if code is None else code, absolute=ABSOLUTE
        )
        if token is not None:
            self._used = step
        return token


def add_clerk(staff_id: str = "ST-01", *roles: Role, town: str = TOWN) -> Clerk:
    with db.transaction() as session:
        made = organisations.add_staff(
            session, staff_id=staff_id, municipality_code=town, name="窓口 花子", roles=set(roles) or {Role.COUNTER}
        )
    return Clerk(made)


def add_terminal(name: str = "1番窓口", kind: str = "simulated", town: str = TOWN) -> Terminal:
    with db.transaction() as session:
        reader = cards.enrol_agent(session, name=name, public_key=os.urandom(32), kind=kind)
        terminal = organisations.add_terminal(session, municipality_code=town, name=name, agent_id=reader.agent_id)
        cards.place_at_counter(session, reader.agent_id, town)
        return terminal


def who(token: str | None, terminal: Terminal, *, is_activity: bool = True) -> SignedInStaff | None:
    assert token is not None
    return organisations.staff_of(token, terminal.terminal_id, idle=IDLE, is_activity=is_activity)
