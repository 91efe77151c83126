"""Reading accounts of staff, for operators and for who watches over a counter."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.organisations.models import StaffAccount
from app.organisations.roles import Role
from app.organisations.states import AccountState


@dataclass(frozen=True)
class StaffView:
    """An account without its secrets."""

    staff_id: str
    name: str
    municipality_code: str
    roles: frozenset[Role]
    state: AccountState


def all_staff(session: Session) -> list[StaffView]:
    """Every account, by number."""
    return [_view(row) for row in session.scalars(select(StaffAccount).order_by(StaffAccount.staff_id))]


def get_staff(session: Session, staff_id: str) -> StaffView | None:
    """One account."""
    row = session.get(StaffAccount, staff_id)
    return _view(row) if row else None


def own_fingerprint(session: Session, staff_id: str) -> bytes | None:
    """The keyed value of the person behind an account, if it was given (four eyes)."""
    row = session.get(StaffAccount, staff_id)
    return row.own_fingerprint if row else None


def _view(row: StaffAccount) -> StaffView:
    roles = frozenset(Role(role) for role in row.roles)
    return StaffView(row.staff_id, row.name, row.municipality_code, roles, AccountState(row.state))
