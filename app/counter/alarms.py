"""Alarms of a counter (BR-55): one service ID for two people in the hands of one member of staff, another card."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app import audit, clock, db, organisations
from app.counter.models import AccountSeen, CounterAlarm, CounterSession
from app.errors import DomainError
from app.my_number import looks_like_my_number
from app.organisations import Role, SignedInStaff

SEEN_DAYS = 180
"""How long it is remembered which service IDs were entered in whose visits."""
MAX_NOTE = 400
SHOWN = 100


class NotYours(Exception):
    """Alarms are closed by an approver of the municipality who is not the one the alarm is about."""


@dataclass(frozen=True)
class AlarmView:
    """One alarm as a supervisor sees it; no person and no service ID is in it."""

    alarm_id: UUID
    code: str
    terminal_name: str
    staff_id: str
    policy_id: str
    raised_at: datetime
    seen_by: str | None
    note: str | None


def note_account(session: Session, row: CounterSession, account_index: bytes) -> bool:
    """Remember that this ID was entered for this person; True when the same staff entered it for another (E803)."""
    assert row.person_id is not None
    seen = insert(AccountSeen).values(
        staff_id=row.staff_id, account_index=account_index, person_id=row.person_id, seen_at=clock.now()
    )
    session.execute(seen.on_conflict_do_nothing())
    others = select(AccountSeen.person_id).where(
        AccountSeen.staff_id == row.staff_id,
        AccountSeen.account_index == account_index,
        AccountSeen.person_id != row.person_id,
    )
    if session.scalar(others.limit(1)) is None:
        return False
    raise_alarm(session, row, "E803")
    return True


def raise_alarm(session: Session, row: CounterSession, code: str) -> None:
    """Put it before the supervisors of the municipality."""
    terminal = organisations.get_terminal(session, row.terminal_id)
    assert terminal is not None
    alarm = CounterAlarm(
        municipality_code=terminal.municipality_code,
        terminal_id=row.terminal_id,
        staff_id=row.staff_id,
        code=code,
        policy_id=row.policy_id,
        raised_at=clock.now(),
    )
    session.add(alarm)
    session.flush()
    audit.record(
        session,
        "counter.alarm",
        actor_kind="system",
        policy_id=row.policy_id,
        object_kind="counter_alarm",
        object_id=str(alarm.id),
        facts={"code": code, "staff": row.staff_id, "terminal": str(row.terminal_id)},
    )


def open_alarm_at(session: Session, terminal_id: UUID) -> str | None:
    """The code of an alarm of this terminal that nobody has looked at yet, the gravest first."""
    codes = select(CounterAlarm.code).where(CounterAlarm.terminal_id == terminal_id, CounterAlarm.seen_by.is_(None))
    return session.scalar(codes.order_by(CounterAlarm.code.desc()).limit(1))


def alarms_of(session: Session, municipality_code: str) -> list[AlarmView]:
    """The latest alarms of a municipality, those that wait first."""
    rows = session.scalars(
        select(CounterAlarm)
        .where(CounterAlarm.municipality_code == municipality_code)
        .order_by(CounterAlarm.seen_at.is_not(None), CounterAlarm.raised_at.desc())
        .limit(SHOWN)
    )
    return [_view(session, row) for row in rows]


def close_alarm(alarm_id: UUID, staff: SignedInStaff, text: str) -> None:
    """A supervisor has looked: who, when, and what came of it. Closing again changes nothing.

    Raises ``NotYours``, ``LookupError``, E309 for a My Number in the note (BR-57), ``ValueError`` for no note or one
    that is too long.
    """
    if looks_like_my_number(text):
        raise DomainError("E309")
    if not 0 < len(text.strip()) <= MAX_NOTE:
        raise ValueError("a note of 1 to 400 characters")
    with db.transaction() as session:
        row = session.scalar(select(CounterAlarm).where(CounterAlarm.id == alarm_id).with_for_update())
        if row is None or row.municipality_code != staff.municipality_code:
            raise LookupError("no such alarm")
        if Role.APPROVER not in staff.roles or row.staff_id == staff.staff_id:
            raise NotYours
        if row.seen_by is not None:
            return
        row.seen_by, row.seen_at, row.note = staff.staff_id, clock.now(), text.strip()
        audit.record(
            session,
            "counter.alarm_closed",
            actor_kind="staff",
            actor=staff.staff_id,
            policy_id=row.policy_id,
            object_kind="counter_alarm",
            object_id=str(row.id),
            facts={"code": row.code},
        )


def forget_old_accounts() -> int:
    """Forget which IDs were entered long ago; returns how many."""
    with db.transaction() as session:
        old = delete(AccountSeen).where(AccountSeen.seen_at < clock.now() - timedelta(days=SEEN_DAYS))
        return len(session.execute(old.returning(AccountSeen.person_id)).all())


def forget_accounts_of(session: Session, person_id: UUID) -> int:
    """Forget which IDs were entered for one person; returns how many."""
    own = delete(AccountSeen).where(AccountSeen.person_id == person_id)
    return len(session.execute(own.returning(AccountSeen.person_id)).all())


def _view(session: Session, row: CounterAlarm) -> AlarmView:
    terminal = organisations.get_terminal(session, row.terminal_id)
    return AlarmView(
        alarm_id=row.id,
        code=row.code,
        terminal_name=terminal.name if terminal else "",
        staff_id=row.staff_id,
        policy_id=row.policy_id,
        raised_at=row.raised_at,
        seen_by=row.seen_by,
        note=row.note,
    )
