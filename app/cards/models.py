"""Reader agents, card sessions, the evidence they end in, and the revocation lists they are judged by."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, new_id


class Agent(Base):
    """A program beside a card reader, known by its device key. ``kind`` decides how far it is believed."""

    __tablename__ = "agents"
    __table_args__ = (CheckConstraint("kind IN ('attended', 'unattended', 'simulated')", name="kind"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str]
    reader_no: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    # Whose counter it stands at or once stood at; that municipality may revoke it.
    municipality_code: Mapped[str | None]
    listed: Mapped[bool]
    keypad_url: Mapped[str | None]
    desk_url: Mapped[str | None]
    public_key: Mapped[bytes] = mapped_column(unique=True)
    enrolled_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    last_seen_at: Mapped[datetime | None]


class AgentPairCode(Base):
    """A code by which one program may enrol its own device key, once and soon. Only its hash is kept."""

    __tablename__ = "agent_pair_codes"
    __table_args__ = (
        CheckConstraint("kind IN ('attended', 'unattended', 'simulated')", name="kind"),
        CheckConstraint("num_nulls(terminal_id, municipality_code, issued_by) IN (0, 3)", name="made_at_a_counter"),
        # The latest code for a terminal is the only one.
        Index("uq_agent_pair_codes_terminal", "terminal_id", unique=True, postgresql_where=text("used_at IS NULL")),
    )

    code_hash: Mapped[bytes] = mapped_column(primary_key=True)
    name: Mapped[str]
    kind: Mapped[str]
    listed: Mapped[bool]
    keypad_url: Mapped[str | None]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]
    agent_id: Mapped[UUID | None] = mapped_column(ForeignKey("agents.id"))
    # Made on the page of a counter: for which terminal, of which municipality, by whom.
    terminal_id: Mapped[UUID | None]
    municipality_code: Mapped[str | None]
    issued_by: Mapped[str | None]


class CardSession(Base):
    """One request to read one card: a challenge for one purpose, for three minutes, for one reader.

    Times are real time: a moved business clock must not lengthen a challenge's life.
    """

    __tablename__ = "card_sessions"
    __table_args__ = (
        CheckConstraint(
            "purpose IN ('apply', 'status', 'guardian', 'child', 'counter', 'hold', 'confirm', 'touch')",
            name="purpose",
        ),
        CheckConstraint(
            "purpose NOT IN ('counter', 'hold', 'confirm', 'touch') OR attended_by IS NOT NULL",
            name="at_a_counter_somebody_attends",
        ),
        CheckConstraint(
            "state IN ('open', 'taken', 'waiting_removal', 'waiting_card', 'waiting_pin', 'reading', 'verifying',"
            " 'done', 'failed', 'cancelled', 'expired')",
            name="state",
        ),
        CheckConstraint("octet_length(challenge) = 32", name="challenge_length"),
        CheckConstraint("state <> 'done' OR evidence_id IS NOT NULL OR seen_key IS NOT NULL", name="done_has_evidence"),
        Index("ix_card_sessions_open_by_agent", "agent_id", postgresql_where=text("state = 'open'")),
        # By it the taps of a person are found when the person is erased.
        Index("ix_card_sessions_seen_key", "seen_key", postgresql_where=text("seen_key IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    browser: Mapped[bytes] = mapped_column(index=True)
    agent_id: Mapped[UUID] = mapped_column(ForeignKey("agents.id"))
    purpose: Mapped[str]
    policy_id: Mapped[str | None]
    challenge: Mapped[bytes]
    confirmation: Mapped[str]
    state: Mapped[str]
    opened_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    consumed_at: Mapped[datetime | None]
    error_code: Mapped[str | None]
    error_variant: Mapped[str | None]
    error_facts: Mapped[dict[str, Any] | None]
    evidence_id: Mapped[UUID | None] = mapped_column(ForeignKey("evidence.id"))
    # The member of staff at whose counter it is read; without one nothing read here is attended.
    attended_by: Mapped[str | None]
    # The person key of the card that was seen (BR-51): what the second tap is compared with.
    seen_key: Mapped[bytes | None]


class Evidence(Base):
    """What one identity check established, by which channel, when, and what was not checked."""

    __tablename__ = "evidence"
    __table_args__ = (
        UniqueConstraint("card_session_id"),
        CheckConstraint("assurance IN ('attended', 'unattended', 'outside', 'staff', 'simulated')", name="assurance"),
        CheckConstraint("revocation IN ('good', 'revoked', 'not_checked')", name="revocation"),
        CheckConstraint("card_proof IN ('live', 'unknown_issuer', 'not_done')", name="card_proof"),
        # Without a reading it is the word of a named member of staff, about a paper, and passes for no more.
        CheckConstraint(
            "card_session_id IS NOT NULL AND agent_id IS NOT NULL OR card_session_id IS NULL AND agent_id IS NULL"
            " AND assurance = 'staff' AND revocation = 'not_checked' AND staff_id IS NOT NULL",
            name="read_or_stated",
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"), index=True)
    facts_id: Mapped[UUID]
    card_session_id: Mapped[UUID | None]
    agent_id: Mapped[UUID | None] = mapped_column(ForeignKey("agents.id"))
    assurance: Mapped[str]
    revocation: Mapped[str]
    issuer_check: Mapped[str]
    # What the agent found of the card's own key (card.md 9, P8): a live card of that issuer, or nothing learnt.
    card_proof: Mapped[str] = mapped_column(default="not_done", server_default=text("'not_done'"))
    environment: Mapped[str]
    address_status: Mapped[str]
    address_code: Mapped[str | None]
    address_candidates: Mapped[list[str]]
    address_table_version: Mapped[str]
    looks_like_another: Mapped[bool]
    # Who of the staff attended or identified; they do not decide on what they stated themselves (four eyes).
    staff_id: Mapped[str | None]
    # Whether a trusted program vouches that the four items and the signature came from one card (card.md 9).
    one_card: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    verified_at: Mapped[datetime]


class RevocationList(Base):
    """The newest CRL from one source, as fetched. Whether it is fresh and genuine is judged at each use."""

    __tablename__ = "revocation_lists"

    source: Mapped[str] = mapped_column(primary_key=True)
    der: Mapped[bytes]
    fetched_at: Mapped[datetime]


class AgentNonce(Base):
    """A request signature that was accepted once; the same one again is a replay. Swept after its life."""

    __tablename__ = "agent_nonces"

    agent_id: Mapped[UUID] = mapped_column(primary_key=True)
    nonce: Mapped[str] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)
