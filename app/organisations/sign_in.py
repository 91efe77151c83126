"""Signing in at a counter: number, password and second factor, at a registered terminal, one person at one place.

Whatever is wrong, the answer is the same and takes as long (no account can be guessed). Five failures lock the account.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app import audit, clock, db
from app.organisations import passwords, totp
from app.organisations.models import CounterTerminal, StaffAccount, StaffSession
from app.organisations.roles import Role
from app.organisations.second_factor import secret_of
from app.organisations.states import AccountEvent, AccountState, after
from app.pii import Private

FAILURES_UNTIL_LOCKED = 5
TOUCH_SECONDS = 20
KEPT_DAYS = 30
"""How long ended sign-ins are kept, for the question who was at a terminal."""


@dataclass(frozen=True)
class SignedInStaff:
    """A member of staff at a terminal."""

    session_id: UUID
    staff_id: str
    name: str
    municipality_code: str
    roles: frozenset[Role]
    terminal_id: UUID


def sign_in(  # the three things typed, where, and the two limits
    terminal_id: UUID, staff_id: str, password: Private, code: str, *, absolute: timedelta
) -> str | None:
    """Sign in at this terminal: the token for the cookie, or None. Earlier sign-ins of person and place end."""
    with db.transaction() as session:
        account = session.scalar(select(StaffAccount).where(StaffAccount.staff_id == staff_id).with_for_update())
        right_password = passwords.is_right(account.password_hash if account else None, password.reveal())
        if account is None:
            return None
        terminal = session.get(CounterTerminal, terminal_id)
        if terminal is None or terminal.closed_at is not None:
            return None
        step = totp.accepted_step(secret_of(account), code, clock.real_now(), account.totp_step)
        may = account.state == AccountState.ACTIVE and account.municipality_code == terminal.municipality_code
        if not (right_password and step is not None and may):
            _count_failure(session, account, terminal_id)
            return None
        account.totp_step, account.failures = step, 0
        end_sessions(session, staff_id=staff_id)
        end_sessions(session, terminal_id=terminal_id)
        return _begin(session, account, terminal_id, absolute)


def _begin(session: Session, account: StaffAccount, terminal_id: UUID, absolute: timedelta) -> str:
    token = secrets.token_urlsafe(32)
    now = clock.real_now()
    row = StaffSession(
        token_hash=_hash(token),
        staff_id=account.staff_id,
        terminal_id=terminal_id,
        signed_in_at=now,
        last_seen_at=now,
        expires_at=now + absolute,
    )
    session.add(row)
    _note(session, "staff.signed_in", account.staff_id, terminal_id)
    return token


def _count_failure(session: Session, account: StaffAccount, terminal_id: UUID) -> None:
    account.failures += 1
    _note(session, "staff.sign_in_failed", account.staff_id, terminal_id)
    if account.failures >= FAILURES_UNTIL_LOCKED and account.state == AccountState.ACTIVE:
        account.state = after(AccountState(account.state), AccountEvent.LOCK)
        account.changed_at = clock.now()
        end_sessions(session, staff_id=account.staff_id)
        _note(session, "staff.lock", account.staff_id, terminal_id)


def staff_of(token: str, terminal_id: UUID, *, idle: timedelta, is_activity: bool) -> SignedInStaff | None:
    """Who is signed in with this token at this terminal, within the limits; None otherwise.

    ``is_activity``: a person did something. The page's own asking for news keeps nobody signed in.
    """
    now = clock.real_now()
    with db.transaction() as session:
        found = session.execute(
            select(StaffSession, StaffAccount)
            .join(StaffAccount, StaffAccount.staff_id == StaffSession.staff_id)
            .where(StaffSession.token_hash == _hash(token), StaffSession.terminal_id == terminal_id)
            .where(StaffSession.ended_at.is_(None))
        ).first()
        if found is None:
            return None
        row, account = found
        if not is_live(row, now, idle) or account.state != AccountState.ACTIVE:
            return None
        if is_activity and now - row.last_seen_at > timedelta(seconds=TOUCH_SECONDS):
            row.last_seen_at = now
        return SignedInStaff(
            session_id=row.id,
            staff_id=account.staff_id,
            name=account.name,
            municipality_code=account.municipality_code,
            roles=frozenset(Role(role) for role in account.roles),
            terminal_id=terminal_id,
        )


def is_live(row: StaffSession, now: datetime, idle: timedelta) -> bool:
    """Whether a sign-in still holds at ``now``."""
    return row.ended_at is None and now < row.expires_at and now - row.last_seen_at < idle


def somebody_is_signed_in(session: Session, terminal_id: UUID, staff_id: str, *, idle: timedelta) -> bool:
    """Whether this member of staff is at this terminal right now."""
    row = session.scalar(
        select(StaffSession).where(
            StaffSession.terminal_id == terminal_id,
            StaffSession.staff_id == staff_id,
            StaffSession.ended_at.is_(None),
        )
    )
    return row is not None and is_live(row, clock.real_now(), idle)


def is_still_at(session: Session, terminal_id: UUID, staff_id: str) -> bool:
    """Whether the sign-in of this person at this terminal was not ended: by themselves, by signing in elsewhere, by an
    operator. Doing nothing for a while, and watching somebody type, does not end it.
    """
    row = session.scalar(
        select(StaffSession.id).where(
            StaffSession.terminal_id == terminal_id,
            StaffSession.staff_id == staff_id,
            StaffSession.ended_at.is_(None),
        )
    )
    return row is not None


def sign_out(session: Session, staff: SignedInStaff) -> None:
    """End this sign-in."""
    end_sessions(session, staff_id=staff.staff_id)
    _note(session, "staff.signed_out", staff.staff_id, staff.terminal_id)


def end_sessions(session: Session, *, staff_id: str | None = None, terminal_id: UUID | None = None) -> None:
    """End the live sign-ins of a person, or at a place."""
    ending = update(StaffSession).where(StaffSession.ended_at.is_(None)).values(ended_at=clock.real_now())
    if staff_id is not None:
        ending = ending.where(StaffSession.staff_id == staff_id)
    if terminal_id is not None:
        ending = ending.where(StaffSession.terminal_id == terminal_id)
    session.execute(ending)


def sweep_staff_sessions() -> int:
    """Close sign-ins that are over by time, and forget those that ended long ago; returns how many were forgotten."""
    now = clock.real_now()
    with db.transaction() as session:
        over = update(StaffSession).where(StaffSession.ended_at.is_(None), StaffSession.expires_at <= now)
        session.execute(over.values(ended_at=now))
        old = delete(StaffSession).where(StaffSession.ended_at < now - timedelta(days=KEPT_DAYS))
        return len(session.scalars(old.returning(StaffSession.id)).all())


def _note(session: Session, action: str, staff_id: str, terminal_id: UUID) -> None:
    audit.record(
        session,
        action,
        actor_kind="staff",
        actor=staff_id,
        object_kind="counter_terminal",
        object_id=str(terminal_id),
    )


def _hash(token: str) -> bytes:
    return hashlib.sha256(b"todoke-staff-v1\0" + token.encode()).digest()
