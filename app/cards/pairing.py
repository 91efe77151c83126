"""Pairing: an operator makes a code, the program beside a reader enrols its own device key with it, once and soon."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from app import audit, clock, db
from app.cards.agents import Reader, enrol_agent
from app.cards.models import AgentPairCode

# Crockford's: no letter that is read as a digit or another letter.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_CHARACTERS = 8
"""40 bits: with ten minutes to live and refusals limited per caller, not to be guessed."""
_READ_AS = str.maketrans({"O": "0", "I": "1", "L": "1"})


def issue_pair_code(
    session: Session,
    *,
    name: str,
    kind: str,
    listed: bool = False,
    keypad_url: str | None = None,
    minutes: int = 10,
) -> str:
    """Make a code for one agent of this name and kind; shown once, as its hash alone is kept."""
    code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_CHARACTERS))
    expires_at = clock.real_now() + timedelta(minutes=minutes)
    row = AgentPairCode(
        code_hash=_hash(code), name=name, kind=kind, listed=listed, keypad_url=keypad_url, expires_at=expires_at
    )
    session.add(row)
    session.flush()
    audit.record(
        session,
        "agent.pair_code_issued",
        actor_kind="operator",
        object_kind="agent",
        object_id="unpaired",
        facts={"kind": kind},
    )
    return f"{code[:4]}-{code[4:]}"


def pair_agent(session: Session, code: str, public_key: bytes) -> Reader | None:
    """Enrol the key that came with a code. None for a code that is unknown, too old or used; which, is not told."""
    now = clock.real_now()
    claim = (
        update(AgentPairCode)
        .where(
            AgentPairCode.code_hash == _hash(_canonical(code)),
            AgentPairCode.used_at.is_(None),
            AgentPairCode.expires_at > now,
        )
        .values(used_at=now)
        .returning(AgentPairCode)
    )
    row = session.scalar(claim)
    if row is None:
        return None
    reader = enrol_agent(
        session, name=row.name, public_key=public_key, kind=row.kind, listed=row.listed, keypad_url=row.keypad_url
    )
    row.agent_id = reader.agent_id
    return reader


def sweep_pair_codes() -> int:
    """Forget codes that nobody used in time; a day later, so that an operator's question can still be answered."""
    with db.transaction() as session:
        limit = clock.real_now() - timedelta(days=1)
        old = delete(AgentPairCode).where(AgentPairCode.expires_at < limit).returning(AgentPairCode.code_hash)
        return len(session.scalars(old).all())


def _canonical(typed: str) -> str:
    kept = "".join(ch for ch in typed.upper() if ch.isalnum())
    return kept.translate(_READ_AS)


def _hash(code: str) -> bytes:
    return hashlib.sha256(b"todoke-pair-code-v1\0" + code.encode()).digest()
