"""Counter terminals: named by an operator, given a reader, and joined by two browsers with a code each.

The browser of staff and the screen that faces the resident hold a token of their own; neither is any use without a
member of staff signed in.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import audit, clock, db, municipalities
from app.organisations.models import CounterTerminal, TerminalCode
from app.organisations.sign_in import end_sessions

Place = Literal["desk", "screen"]
PLACES: tuple[Place, ...] = ("desk", "screen")
CODE_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
CODE_CHARACTERS = 8
"""40 bits, ten minutes, refusals limited per caller: not to be guessed."""


class TerminalExists(Exception):
    """There is an open terminal of this name, or at this reader, already."""


@dataclass(frozen=True)
class Terminal:
    """A terminal as pages and use cases need it."""

    terminal_id: UUID
    municipality_code: str
    name: str
    agent_id: UUID | None
    has_desk: bool
    has_screen: bool


def add_terminal(session: Session, *, municipality_code: str, name: str, agent_id: UUID | None = None) -> Terminal:
    """Name a terminal and give it the reader of this agent; without one, its first is paired from its own page.

    Raises ``TerminalExists``, ``LookupError``.
    """
    municipalities.get(municipality_code)
    row = CounterTerminal(municipality_code=municipality_code, name=name, agent_id=agent_id, added_at=clock.now())
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        raise TerminalExists(name) from None
    _note(session, "terminal.added", row.id)
    return _view(row)


def give_reader(session: Session, terminal_id: UUID, agent_id: UUID, *, staff_id: str | None) -> UUID | None:
    """This reader stands at this terminal from now on; where it stood before, it stands no more.

    Returns the agent that had the place before, if it was another. Raises ``LookupError`` for a terminal that is closed
    or never was.
    """
    row = session.get(CounterTerminal, terminal_id, with_for_update=True)
    if row is None or row.closed_at is not None:
        raise LookupError("there is no open terminal of this id")
    before = row.agent_id if row.agent_id != agent_id else None
    elsewhere = update(CounterTerminal).where(
        CounterTerminal.agent_id == agent_id, CounterTerminal.id != terminal_id, CounterTerminal.closed_at.is_(None)
    )
    session.execute(elsewhere.values(agent_id=None))
    row.agent_id = agent_id
    audit.record(
        session,
        "terminal.reader_given",
        actor_kind="staff" if staff_id else "operator",
        actor=staff_id,
        object_kind="counter_terminal",
        object_id=str(terminal_id),
        facts={"agent": str(agent_id)},
    )
    return before


def issue_terminal_code(session: Session, terminal_id: UUID, place: Place, *, minutes: int = 10) -> str:
    """A code for the browser of staff (desk) or the resident's screen; shown once, as its hash alone is kept."""
    code = "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_CHARACTERS))
    expires_at = clock.real_now() + timedelta(minutes=minutes)
    session.add(TerminalCode(code_hash=_hash_code(code), terminal_id=terminal_id, place=place, expires_at=expires_at))
    _note(session, f"terminal.{place}_code_issued", terminal_id)
    return f"{code[:4]}-{code[4:]}"


def join_terminal(code: str, place: Place) -> str | None:
    """Make this browser the terminal's desk or screen: the token for its cookie; None for a code that will not do.

    The browser that had the place before has it no longer.
    """
    now = clock.real_now()
    with db.transaction() as session:
        claim = (
            update(TerminalCode)
            .where(
                TerminalCode.code_hash == _hash_code(_canonical(code)),
                TerminalCode.place == place,
                TerminalCode.used_at.is_(None),
                TerminalCode.expires_at > now,
            )
            .values(used_at=now)
            .returning(TerminalCode.terminal_id)
        )
        terminal_id = session.scalar(claim)
        row = session.get(CounterTerminal, terminal_id, with_for_update=True) if terminal_id else None
        if row is None or row.closed_at is not None:
            return None
        token = secrets.token_urlsafe(32)
        if place == "desk":
            row.desk_token_hash = _hash_token(token)
            end_sessions(session, terminal_id=row.id)
        else:
            row.screen_token_hash = _hash_token(token)
        _note(session, f"terminal.{place}_joined", row.id)
        return token


def terminal_of(session: Session, token: str, place: Place) -> Terminal | None:
    """The open terminal whose desk or screen holds this token."""
    column = CounterTerminal.desk_token_hash if place == "desk" else CounterTerminal.screen_token_hash
    row = session.scalar(
        select(CounterTerminal).where(column == _hash_token(token), CounterTerminal.closed_at.is_(None))
    )
    return _view(row) if row else None


def get_terminal(session: Session, terminal_id: UUID) -> Terminal | None:
    """An open terminal by its id."""
    row = session.get(CounterTerminal, terminal_id)
    return _view(row) if row is not None and row.closed_at is None else None


def all_terminals(session: Session) -> list[Terminal]:
    """Every open terminal, for operators."""
    rows = session.scalars(
        select(CounterTerminal)
        .where(CounterTerminal.closed_at.is_(None))
        .order_by(CounterTerminal.municipality_code, CounterTerminal.name)
    )
    return [_view(row) for row in rows]


def terminals_of(session: Session, municipality_code: str) -> list[Terminal]:
    """The open terminals of a municipality, by name."""
    return [one for one in all_terminals(session) if one.municipality_code == municipality_code]


def close_terminal(session: Session, terminal_id: UUID) -> bool:
    """Neither browser is let in from now on, whoever is signed in is signed out. False when there is none open."""
    closing = (
        update(CounterTerminal)
        .where(CounterTerminal.id == terminal_id, CounterTerminal.closed_at.is_(None))
        .values(closed_at=clock.now(), desk_token_hash=None, screen_token_hash=None)
        .returning(CounterTerminal.id)
    )
    if session.scalar(closing) is None:
        return False
    end_sessions(session, terminal_id=terminal_id)
    _note(session, "terminal.closed", terminal_id)
    return True


def sweep_terminal_codes() -> int:
    """Forget codes that nobody used in time, a day later."""
    with db.transaction() as session:
        limit = clock.real_now() - timedelta(days=1)
        old = delete(TerminalCode).where(TerminalCode.expires_at < limit).returning(TerminalCode.code_hash)
        return len(session.scalars(old).all())


def _view(row: CounterTerminal) -> Terminal:
    return Terminal(
        terminal_id=row.id,
        municipality_code=row.municipality_code,
        name=row.name,
        agent_id=row.agent_id,
        has_desk=row.desk_token_hash is not None,
        has_screen=row.screen_token_hash is not None,
    )


def _canonical(typed: str) -> str:
    return "".join(ch for ch in typed.upper() if ch in CODE_ALPHABET)


def _hash_code(code: str) -> bytes:
    return hashlib.sha256(b"todoke-terminal-code-v1\0" + code.encode()).digest()


def _hash_token(token: str) -> bytes:
    return hashlib.sha256(b"todoke-terminal-v1\0" + token.encode()).digest()


def _note(session: Session, action: str, terminal_id: UUID) -> None:
    audit.record(session, action, actor_kind="operator", object_kind="counter_terminal", object_id=str(terminal_id))
