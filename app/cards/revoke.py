"""Revoking a reader agent: its device key opens nothing any more, at once and for good."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from app import audit, clock
from app.cards.models import Agent
from app.cards.sessions import end_sessions_at


def revoke_agent(session: Session, agent_id: UUID, *, staff_id: str | None = None) -> bool:
    """From now on nothing this agent signs is accepted, and what it was asked to read ends.

    False when it is unknown or revoked already. ``staff_id`` as for ``enrol_agent``.
    """
    revoke = update(Agent).where(Agent.id == agent_id, Agent.revoked_at.is_(None)).values(revoked_at=clock.now())
    if session.scalar(revoke.returning(Agent.id)) is None:
        return False
    end_sessions_at(session, agent_id)
    audit.record(
        session,
        "agent.revoked",
        actor_kind="staff" if staff_id else "operator",
        actor=staff_id,
        object_kind="agent",
        object_id=str(agent_id),
    )
    return True
