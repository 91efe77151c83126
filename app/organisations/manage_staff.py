"""Accounts of staff: added, given a new password and second factor, stopped and opened again by an operator."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import audit, clock, municipalities, people
from app.organisations import passwords, totp
from app.organisations.models import StaffAccount
from app.organisations.roles import Role
from app.organisations.second_factor import sealed, secret_of
from app.organisations.sign_in import end_sessions
from app.organisations.states import AccountEvent, AccountState, after
from app.people import FourItems
from app.pii import Private

MAX_STAFF_ID = 40
_NEVER_USED = 0


class StaffExists(Exception):
    """There is an account of this number already."""


class NoSuchStaff(LookupError):
    """There is no account of this number."""


@dataclass(frozen=True)
class Credentials:
    """What a new or reset account is given, shown once: the password, and the secret of the second factor."""

    staff_id: str
    password: Private
    totp_secret: Private

    @property
    def totp_uri(self) -> Private:
        """For the QR code that an authenticator app reads."""
        return Private(totp.provisioning_uri(self.totp_secret.reveal(), self.staff_id))


def add_staff(  # what an account is made of
    session: Session,
    *,
    staff_id: str,
    municipality_code: str,
    name: str,
    roles: Collection[Role],
    own: FourItems | None = None,
) -> Credentials:
    """Make an account; its password and second factor are given back once and never again.

    ``own``: name, birth date and sex of the person, from which only a keyed value is kept, so that the person can't
    serve themselves at a counter. Raises ``StaffExists``, ``ValueError`` for no role or an unusable number,
    ``LookupError`` for an unknown municipality.
    """
    if not roles or not 0 < len(staff_id) <= MAX_STAFF_ID or not staff_id.isprintable() or " " in staff_id:
        raise ValueError("a number of staff without spaces, and at least one role")
    municipalities.get(municipality_code)
    if session.get(StaffAccount, staff_id) is not None:
        raise StaffExists(staff_id)
    credentials = _fresh(staff_id)
    now = clock.now()
    account = StaffAccount(
        staff_id=staff_id,
        municipality_code=municipality_code,
        name=name,
        roles=sorted(role.value for role in roles),
        totp_step=_NEVER_USED,
        state=AccountState.ACTIVE,
        failures=0,
        own_fingerprint=people.fingerprint_of(own) if own else None,
        added_at=now,
        changed_at=now,
    )
    _give(account, credentials)
    session.add(account)
    session.flush()
    _note(session, "staff.added", staff_id)
    return credentials


def reset_staff(session: Session, staff_id: str) -> Credentials:
    """A new password and second factor; a locked account is open again, sign-ins that run end.

    Raises ``NoSuchStaff``, and ``AccountMoveRefused`` for an account that is suspended or closed.
    """
    account = _locked(session, staff_id)
    if account.state != AccountState.ACTIVE:
        account.state = after(AccountState(account.state), AccountEvent.UNLOCK)
    credentials = _fresh(staff_id)
    _give(account, credentials)
    account.failures, account.changed_at = 0, clock.now()
    end_sessions(session, staff_id=staff_id)
    _note(session, "staff.reset", staff_id)
    return credentials


def disable_staff(session: Session, staff_id: str) -> None:
    """Suspend the account and end its sign-ins at once. Raises ``NoSuchStaff``, ``AccountMoveRefused``."""
    _move(session, staff_id, AccountEvent.SUSPEND)
    end_sessions(session, staff_id=staff_id)


def enable_staff(session: Session, staff_id: str) -> None:
    """Let a suspended account sign in again. Raises ``NoSuchStaff``, ``AccountMoveRefused``."""
    _move(session, staff_id, AccountEvent.RESUME)


def close_staff(session: Session, staff_id: str) -> None:
    """The person leaves: closed for good, the records stay. Raises ``NoSuchStaff``, ``AccountMoveRefused``."""
    _move(session, staff_id, AccountEvent.CLOSE)
    end_sessions(session, staff_id=staff_id)


def code_for_testers(session: Session, staff_id: str) -> str:
    """The code that an authenticator app would show now; for the demo's page, which production does not have."""
    account = session.get(StaffAccount, staff_id)
    if account is None:
        raise NoSuchStaff(staff_id)
    return totp.code_at(secret_of(account), totp.step_of(clock.real_now()))


def _fresh(staff_id: str) -> Credentials:
    return Credentials(staff_id, Private(passwords.new_password()), Private(totp.new_secret()))


def _give(account: StaffAccount, credentials: Credentials) -> None:
    account.password_hash = passwords.hash_password(credentials.password.reveal())
    account.totp_secret_enc = sealed(account.staff_id, credentials.totp_secret)
    account.totp_step = _NEVER_USED


def _move(session: Session, staff_id: str, event: AccountEvent) -> None:
    account = _locked(session, staff_id)
    account.state = after(AccountState(account.state), event)
    account.failures, account.changed_at = 0, clock.now()
    _note(session, f"staff.{event}", staff_id)


def _locked(session: Session, staff_id: str) -> StaffAccount:
    account = session.scalar(select(StaffAccount).where(StaffAccount.staff_id == staff_id).with_for_update())
    if account is None:
        raise NoSuchStaff(staff_id)
    return account


def _note(session: Session, action: str, staff_id: str) -> None:
    audit.record(session, action, actor_kind="operator", object_kind="staff", object_id=staff_id)
