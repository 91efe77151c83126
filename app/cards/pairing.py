"""Pairing: a code is made, and the program beside a reader enrols its own device key with it, once and soon.

An operator makes one on the command line, a supervisor on the page of a counter for one of its terminals.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app import audit, clock, db
from app.cards.agents import Reader, enrol_agent
from app.cards.models import AgentPairCode

# Crockford's: no letter that is read as a digit or another letter.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_CHARACTERS = 8
"""40 bits: with ten minutes to live and refusals limited per caller, not to be guessed."""
LIFE_MINUTES = 10
_READ_AS = str.maketrans({"O": "0", "I": "1", "L": "1"})


@dataclass(frozen=True)
class CounterPlace:
    """The terminal that a code is made for, whose it is, and the member of staff who makes the code."""

    terminal_id: UUID
    municipality_code: str
    staff_id: str


@dataclass(frozen=True)
class Paired:
    """A reader that was enrolled just now, and the terminal it was made for, if any."""

    reader: Reader
    place: CounterPlace | None


def issue_pair_code(
    session: Session,
    *,
    name: str,
    kind: str,
    listed: bool = False,
    keypad_url: str | None = None,
    minutes: int = LIFE_MINUTES,
    place: CounterPlace | None = None,
) -> str:
    """Make a code for one agent of this name and kind; shown once, as its hash alone is kept.

    ``place``: the terminal of a counter that it is for. An earlier code for the same terminal, if nobody used it,
    is void from now on.
    """
    code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_CHARACTERS))
    expires_at = clock.real_now() + timedelta(minutes=minutes)
    made = insert(AgentPairCode).values(
        code_hash=_hash(code),
        name=name,
        kind=kind,
        listed=listed,
        keypad_url=keypad_url,
        expires_at=expires_at,
        terminal_id=place.terminal_id if place else None,
        municipality_code=place.municipality_code if place else None,
        issued_by=place.staff_id if place else None,
    )
    # One statement: of two presses of the button at one moment, the later waits and takes the place of the earlier.
    anew = ("code_hash", "name", "kind", "listed", "keypad_url", "expires_at", "issued_by")
    instead = {column: made.excluded[column] for column in anew}
    session.execute(
        made.on_conflict_do_update(
            index_elements=["terminal_id"], index_where=AgentPairCode.used_at.is_(None), set_=instead
        )
    )
    audit.record(
        session,
        "agent.pair_code_issued",
        actor_kind="staff" if place else "operator",
        actor=place.staff_id if place else None,
        object_kind="agent",
        object_id="unpaired",
        facts={"kind": kind, "terminal": str(place.terminal_id) if place else None},
    )
    return f"{code[:4]}-{code[4:]}"


def pair_agent(session: Session, code: str, public_key: bytes) -> Paired | None:
    """Enrol the key that came with a code. None for a code that is unknown, too old or used; which, is not told.

    Raises ``AgentRevoked`` for a key that was revoked; the code may then still be used with another one.
    """
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
        session,
        name=row.name,
        public_key=public_key,
        kind=row.kind,
        listed=row.listed,
        keypad_url=row.keypad_url,
        staff_id=row.issued_by,
    )
    row.agent_id = reader.agent_id
    return Paired(reader, _place(row))


def sweep_pair_codes() -> int:
    """Forget codes that nobody used in time; a day later, so that an operator's question can still be answered."""
    with db.transaction() as session:
        limit = clock.real_now() - timedelta(days=1)
        old = delete(AgentPairCode).where(AgentPairCode.expires_at < limit).returning(AgentPairCode.code_hash)
        return len(session.scalars(old).all())


def _place(row: AgentPairCode) -> CounterPlace | None:
    if row.terminal_id is None or row.municipality_code is None or row.issued_by is None:
        return None
    return CounterPlace(row.terminal_id, row.municipality_code, row.issued_by)


def _canonical(typed: str) -> str:
    kept = "".join(ch for ch in typed.upper() if ch.isalnum())
    return kept.translate(_READ_AS)


def _hash(code: str) -> bytes:
    return hashlib.sha256(b"todoke-pair-code-v1\0" + code.encode()).digest()
