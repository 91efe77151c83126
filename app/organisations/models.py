"""Accounts of staff, their sign-ins, and the named terminals of the counters."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, new_id
from app.organisations.roles import ROLES
from app.organisations.states import AccountState

_STATES = ", ".join(f"'{state}'" for state in AccountState)
_ROLES = ", ".join(f'"{role}"' for role in ROLES)


class StaffAccount(Base):
    """本アカウント of one member of staff; nobody shares one. ``staff_id`` stands on every record of what they do."""

    __tablename__ = "staff_accounts"
    __table_args__ = (
        CheckConstraint(f"state IN ({_STATES})", name="state"),
        CheckConstraint(f"roles <@ '[{_ROLES}]'::jsonb AND jsonb_array_length(roles) > 0", name="roles"),
        CheckConstraint("failures >= 0", name="failures"),
    )

    staff_id: Mapped[str] = mapped_column(primary_key=True)
    municipality_code: Mapped[str]
    name: Mapped[str]
    roles: Mapped[list[str]]
    password_hash: Mapped[str]
    totp_secret_enc: Mapped[bytes]
    # The last 30-second step whose code was accepted: the same code is never accepted twice.
    totp_step: Mapped[int]
    state: Mapped[str]
    failures: Mapped[int]
    # Keyed, of the own name, birth date and sex: staff never serve themselves (four eyes).
    own_fingerprint: Mapped[bytes | None]
    added_at: Mapped[datetime]
    changed_at: Mapped[datetime]


class CounterTerminal(Base):
    """窓口端末: one named place at a counter with its reader, the browser of staff and the screen of the resident."""

    __tablename__ = "counter_terminals"
    __table_args__ = (
        Index(
            "uq_counter_terminals_name",
            "municipality_code",
            "name",
            unique=True,
            postgresql_where=text("closed_at IS NULL"),
        ),
        Index("uq_counter_terminals_agent", "agent_id", unique=True, postgresql_where=text("closed_at IS NULL")),
        UniqueConstraint("desk_token_hash"),
        UniqueConstraint("screen_token_hash"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    municipality_code: Mapped[str]
    name: Mapped[str]
    # None until the first reader is paired.
    agent_id: Mapped[UUID | None] = mapped_column(ForeignKey("agents.id"))
    desk_token_hash: Mapped[bytes | None]
    screen_token_hash: Mapped[bytes | None]
    added_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class TerminalCode(Base):
    """A code by which one browser becomes a part of a terminal, once and soon. Only its hash is kept. Real time."""

    __tablename__ = "counter_terminal_codes"
    __table_args__ = (CheckConstraint("place IN ('desk', 'screen')", name="place"),)

    code_hash: Mapped[bytes] = mapped_column(primary_key=True)
    terminal_id: Mapped[UUID] = mapped_column(ForeignKey("counter_terminals.id"))
    place: Mapped[str]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]


class StaffSession(Base):
    """One sign-in of one member of staff at one terminal; the cookie holds the token, the row its hash. Real time."""

    __tablename__ = "staff_sessions"
    __table_args__ = (
        # One person is at one place, and one place serves one person: the later sign-in ends the earlier.
        Index("uq_staff_sessions_staff", "staff_id", unique=True, postgresql_where=text("ended_at IS NULL")),
        Index("uq_staff_sessions_terminal", "terminal_id", unique=True, postgresql_where=text("ended_at IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff_accounts.staff_id"))
    terminal_id: Mapped[UUID] = mapped_column(ForeignKey("counter_terminals.id"))
    signed_in_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]
