"""Reader agents: enrolled with a device key, revocable, found by the number on their screen."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app import audit, clock
from app.cards.models import Agent

ONLINE_SECONDS = 60
SEEN_EVERY_SECONDS = 10


class AgentRevoked(Exception):
    """This device key was revoked and can't be enrolled again."""


@dataclass(frozen=True)
class Reader:
    """A reader that a page may offer."""

    agent_id: UUID
    name: str
    reader_no: str
    kind: str
    keypad_url: str | None
    desk_url: str | None
    online: bool
    serves_one: bool
    """One place for one card. The journey command's agent has no place: each run brings its own card."""


@dataclass(frozen=True)
class OwnReader:
    """A reader as the municipality sees it whose counter it stands at, or stood at."""

    reader: Reader
    paired_at: datetime
    last_seen_at: datetime | None
    """Real time, as everything that agents do."""
    revoked_at: datetime | None


def enrol_agent(
    session: Session,
    *,
    name: str,
    public_key: bytes,
    kind: str,
    listed: bool = False,
    keypad_url: str | None = None,
    desk_url: str | None = None,
    staff_id: str | None = None,
) -> Reader:
    """Enrol a device key; the same key again keeps its number and takes the new name and addresses.

    A revoked key stays revoked (``AgentRevoked``): who lost it may still have it. ``staff_id``: the member of staff
    who let it in; an operator without one.
    """
    agent = session.scalar(select(Agent).where(Agent.public_key == public_key))
    if agent is None:
        agent = Agent(public_key=public_key, reader_no=_new_reader_no(session), enrolled_at=clock.now())
        session.add(agent)
    elif agent.revoked_at is not None:
        raise AgentRevoked(str(agent.id))
    agent.name, agent.kind, agent.listed = name, kind, listed
    agent.keypad_url, agent.desk_url = keypad_url, desk_url
    session.flush()
    audit.record(
        session,
        "agent.enrolled",
        actor_kind="staff" if staff_id else "operator",
        actor=staff_id,
        object_kind="agent",
        object_id=str(agent.id),
        facts={"kind": kind},
    )
    return _reader(agent)


def is_revoked(session: Session, public_key: bytes) -> bool:
    """Whether this device key was revoked; it can't be enrolled again."""
    wanted = select(Agent.id).where(Agent.public_key == public_key, Agent.revoked_at.is_not(None))
    return session.scalar(wanted) is not None


def is_enrolled(session: Session, agent_id: UUID) -> bool:
    """Whether this agent is still let in; one that waits for work asks again and again."""
    wanted = select(Agent.id).where(Agent.id == agent_id, Agent.revoked_at.is_(None))
    return session.scalar(wanted) is not None


def public_key_of(session: Session, agent_id: UUID) -> bytes | None:
    """The device key of an enrolled, unrevoked agent; notes that it was seen."""
    agent = session.get(Agent, agent_id)
    if agent is None or agent.revoked_at is not None:
        return None
    now = clock.real_now()
    if agent.last_seen_at is None or now - agent.last_seen_at > timedelta(seconds=SEEN_EVERY_SECONDS):
        agent.last_seen_at = now
    return agent.public_key


def listed_readers(session: Session) -> list[Reader]:
    """The readers that every resident's page offers, those that answered lately first."""
    rows = session.scalars(select(Agent).where(Agent.listed, Agent.revoked_at.is_(None)).order_by(Agent.name))
    return sorted((_reader(row) for row in rows), key=lambda reader: not reader.online)


def find_reader(session: Session, reader_no: str) -> Reader | None:
    """The reader with this number on its screen; hyphens and spaces do not matter.

    One that stands at a counter is not found: it reads for its counter alone (``reader_at_counter``).
    """
    digits = "".join(ch for ch in reader_no if ch.isdigit())
    wanted = select(Agent).where(Agent.reader_no == digits, Agent.revoked_at.is_(None), Agent.kind != "attended")
    agent = session.scalar(wanted)
    return _reader(agent) if agent else None


def any_reader_by_number(session: Session) -> bool:
    """Whether somebody may have a reader of their own: one that is enrolled, on no list and at no counter."""
    wanted = select(Agent.id).where(Agent.revoked_at.is_(None), Agent.kind != "attended", Agent.listed.is_(False))
    return session.scalar(wanted.limit(1)) is not None


def reader_at_counter(session: Session, agent_id: UUID | None) -> Reader | None:
    """The reader of a counter terminal; None before it has one, and once that is revoked."""
    agent = session.get(Agent, agent_id) if agent_id is not None else None
    return _reader(agent) if agent is not None and agent.revoked_at is None else None


def place_at_counter(session: Session, agent_id: UUID, municipality_code: str) -> None:
    """The reader stands at a counter of this municipality from now on.

    A simulated one stays simulated: it proves nothing either way.
    """
    session.execute(update(Agent).where(Agent.id == agent_id).values(municipality_code=municipality_code))
    _become(session, agent_id, "unattended", "attended")


def take_from_counter(session: Session, agent_id: UUID) -> None:
    """The reader is an ordinary one again: what it reads is unattended."""
    _become(session, agent_id, "attended", "unattended")


def _become(session: Session, agent_id: UUID, before: str, after: str) -> None:
    change = update(Agent).where(Agent.id == agent_id, Agent.kind == before).values(kind=after, listed=False)
    if session.scalar(change.returning(Agent.id)) is not None:
        audit.record(
            session,
            "agent.kind_changed",
            actor_kind="operator",
            object_kind="agent",
            object_id=str(agent_id),
            facts={"kind": after},
        )


def readers_of_municipality(session: Session, municipality_code: str, limit: int) -> list[OwnReader]:
    """The readers that stand or stood at the counters of a municipality: those in use first, the newest first."""
    rows = session.scalars(
        select(Agent)
        .where(Agent.municipality_code == municipality_code)
        .order_by(Agent.revoked_at.is_not(None), Agent.enrolled_at.desc(), Agent.reader_no)
        .limit(limit)
    )
    return [_own_reader(row) for row in rows]


def reader_of_municipality(session: Session, municipality_code: str, agent_id: UUID) -> OwnReader | None:
    """One of them; None for anybody else's."""
    agent = session.get(Agent, agent_id)
    return _own_reader(agent) if agent is not None and agent.municipality_code == municipality_code else None


def all_readers(session: Session) -> list[tuple[Reader, bool]]:
    """Every agent with whether it is revoked, for operators."""
    rows = session.scalars(select(Agent).order_by(Agent.name))
    return [(_reader(row), row.revoked_at is not None) for row in rows]


def _own_reader(agent: Agent) -> OwnReader:
    return OwnReader(_reader(agent), agent.enrolled_at, agent.last_seen_at, agent.revoked_at)


def _reader(agent: Agent) -> Reader:
    seen = agent.last_seen_at
    online = seen is not None and clock.real_now() - seen < timedelta(seconds=ONLINE_SECONDS)
    return Reader(
        agent_id=agent.id,
        name=agent.name,
        reader_no=agent.reader_no,
        kind=agent.kind,
        keypad_url=agent.keypad_url,
        desk_url=agent.desk_url,
        online=online,
        serves_one=agent.listed or agent.kind != "simulated",
    )


def _new_reader_no(session: Session) -> str:
    """Six digits: short enough to type, and no secret (the reader shows a confirmation before anything is read)."""
    while True:
        number = f"{secrets.randbelow(900_000) + 100_000}"
        if session.scalar(select(Agent.id).where(Agent.reader_no == number)) is None:
            return number
