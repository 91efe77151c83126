"""Card sessions up to the reading: opened by a page, taken by the reader's agent, followed by the waiting page."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import case, func, select, true, update
from sqlalchemy.orm import Session

from app import clock
from app.cards.agents import Reader
from app.cards.models import Agent, CardSession
from app.errors import DomainError

PROGRESS = ("waiting_removal", "waiting_card", "waiting_pin", "reading")
"""A card of somebody before is to be taken away; a card is waited for; its PINs; it is read."""
WAITING = ("open", "taken", *PROGRESS, "verifying")
HOLD_LIVES = timedelta(seconds=15)
"""After the last word of an agent that watches a card."""


class ReaderBusy(Exception):
    """Somebody else's reading is awaited at this reader; ``seconds`` until it ends by itself at the latest."""

    def __init__(self, seconds: int) -> None:
        super().__init__("the reader is busy")
        self.seconds = seconds


@dataclass(frozen=True)
class Task:
    """What the agent is told: what is to be read and why, and the challenge to sign."""

    session_id: UUID
    challenge: bytes
    purpose: str
    policy_id: str | None
    confirmation: str
    expires_in: int


@dataclass(frozen=True)
class SessionView:
    """What the waiting page shows."""

    id: UUID
    state: str
    purpose: str
    policy_id: str | None
    confirmation: str
    reader_name: str
    keypad_url: str | None
    desk_url: str | None
    seconds_left: int
    evidence_id: UUID | None
    seen_key: bytes | None
    problem: DomainError | None

    @property
    def is_waiting(self) -> bool:
        """True while the person or the reader still has something to do."""
        return self.state in WAITING


def open_session(  # who waits, where, what for, for how long
    session: Session,
    *,
    browser: bytes,
    reader: Reader,
    purpose: str,
    policy_id: str | None,
    seconds: int,
    attended_by: str | None = None,
) -> UUID:
    """Open a session for one reader; earlier ones of the same browser end, so that only one reading is awaited.

    Finished ones end as well: the address of an earlier reading must not sign its person in after the next person has
    laid a card down at the same browser (BR-50). ``attended_by``: the member of staff at whose counter it is. Raises
    ``ReaderBusy`` while the reader waits for somebody else's card: a queue there would hand one person's card to
    another person's page.
    """
    now = clock.real_now()
    ending = CardSession.state.in_((*WAITING, "done"))
    earlier = update(CardSession).where(CardSession.browser == browser, ending)
    session.execute(earlier.values(state="cancelled"))
    if reader.serves_one:
        _check_free(session, reader.agent_id, now)
    row = CardSession(
        browser=browser,
        agent_id=reader.agent_id,
        purpose=purpose,
        policy_id=policy_id,
        challenge=secrets.token_bytes(32),
        confirmation=f"{secrets.randbelow(90) + 10}",
        state="open",
        opened_at=now,
        expires_at=now + timedelta(seconds=seconds),
        attended_by=attended_by,
    )
    session.add(row)
    session.flush()
    return row.id


def _check_free(session: Session, agent_id: UUID, now: datetime) -> None:
    session.execute(select(Agent.id).where(Agent.id == agent_id).with_for_update())
    waiting = select(func.max(CardSession.expires_at)).where(
        CardSession.agent_id == agent_id, CardSession.state.in_(WAITING), CardSession.expires_at > now
    )
    busy_until = session.scalar(waiting)
    if busy_until is not None:
        raise ReaderBusy(int((busy_until - now).total_seconds()) + 1)


def take_session(session: Session, agent_id: UUID, session_id: UUID | None = None) -> Task | None:
    """Give the oldest open session of this agent to it, once; with ``session_id`` that one and no other."""
    now = clock.real_now()
    oldest = (
        select(CardSession.id)
        .where(CardSession.agent_id == agent_id, CardSession.state == "open", CardSession.expires_at > now)
        .where(CardSession.id == session_id if session_id else true())
        .order_by(CardSession.opened_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    taken = update(CardSession).where(CardSession.id.in_(oldest)).values(state="taken").returning(CardSession)
    row = session.scalar(taken)
    if row is None:
        return None
    seconds = int((row.expires_at - now).total_seconds())
    return Task(row.id, row.challenge, row.purpose, row.policy_id, row.confirmation, seconds)


def note_progress(session: Session, agent_id: UUID, session_id: UUID, step: str) -> bool:
    """Where the reading is, for the waiting page. False when the session is not this agent's or is over."""
    if step not in PROGRESS:
        raise ValueError("not a step")
    now = clock.real_now()
    # A watch over a lying card lives as long as its agent says every second that it still watches.
    longer = case((CardSession.purpose == "hold", now + HOLD_LIVES), else_=CardSession.expires_at)
    moved = (
        update(CardSession)
        .where(
            CardSession.id == session_id,
            CardSession.agent_id == agent_id,
            CardSession.state.in_(("taken", *PROGRESS)),
            CardSession.expires_at > now,
        )
        .values(state=step, expires_at=longer)
        .returning(CardSession.id)
    )
    return session.scalar(moved) is not None


def cancel_session(session: Session, browser: bytes, session_id: UUID) -> None:
    """The person gave up on the page; what the agent posts later is refused."""
    waiting = CardSession.state.in_(WAITING)
    mine = update(CardSession).where(CardSession.id == session_id, CardSession.browser == browser, waiting)
    session.execute(mine.values(state="cancelled"))


def end_sessions_of(session: Session, browser: bytes) -> None:
    """Whatever this browser waits for, or has had read, ends: nothing of it can be gone on with."""
    ending = CardSession.state.in_((*WAITING, "done"))
    mine = update(CardSession).where(CardSession.browser == browser, ending)
    session.execute(mine.values(state="cancelled", seen_key=None))


def end_sessions_at(session: Session, agent_id: UUID) -> None:
    """Whatever this reader is asked for ends; what it hands in later is refused."""
    its = update(CardSession).where(CardSession.agent_id == agent_id, CardSession.state.in_(WAITING))
    session.execute(its.values(state="cancelled"))


def view_session(session: Session, browser: bytes, session_id: UUID) -> SessionView | None:
    """The session as its own browser may see it; None for anybody else's."""
    found = session.execute(
        select(CardSession, Agent)
        .join(Agent, Agent.id == CardSession.agent_id)
        .where(CardSession.id == session_id, CardSession.browser == browser)
    ).first()
    if found is None:
        return None
    row, agent = found
    left = int((row.expires_at - clock.real_now()).total_seconds())
    state = "expired" if row.state in WAITING and left <= 0 else row.state
    return SessionView(
        id=row.id,
        state=state,
        purpose=row.purpose,
        policy_id=row.policy_id,
        confirmation=row.confirmation,
        reader_name=agent.name,
        keypad_url=agent.keypad_url,
        desk_url=agent.desk_url,
        seconds_left=max(left, 0),
        evidence_id=row.evidence_id,
        seen_key=row.seen_key,
        problem=_problem(row, state),
    )


def _problem(row: CardSession, state: str) -> DomainError | None:
    if row.error_code is not None:
        return DomainError(row.error_code, variant=row.error_variant, **(row.error_facts or {}))
    if state == "expired":
        return DomainError("E114")
    if state == "cancelled":
        return DomainError("E115")
    return None
