"""Who signed this request? The agent's device key answers; every accepted signature counts once."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from app import clock, db
from app.cards.agents import public_key_of
from app.cards.models import AgentNonce
from nfc.agent.signing import AGENT_HEADER, TOLERANCE_SECONDS, HeaderReader, SignatureError, verify_request


def authenticate_agent(headers: HeaderReader, method: str, path: str, body: bytes) -> UUID | None:
    """The enrolled agent that signed this request just now, or None; the reason is nobody's business outside."""
    try:
        agent_id = UUID(headers.get(AGENT_HEADER) or "")
    except ValueError:
        return None
    now = clock.real_now()
    with db.transaction() as session:
        public_key = public_key_of(session, agent_id)
        if public_key is None:
            return None
        try:
            signed = verify_request(public_key, headers, method, path, body, now.timestamp())
        except SignatureError:
            return None
        claim = (
            insert(AgentNonce)
            .values(agent_id=agent_id, nonce=signed.nonce, expires_at=now + timedelta(seconds=2 * TOLERANCE_SECONDS))
            .on_conflict_do_nothing()
            .returning(AgentNonce.nonce)
        )
        return agent_id if session.scalar(claim) is not None else None


def sweep_nonces() -> int:
    """Forget signatures that are too old to be accepted anyway."""
    with db.transaction() as session:
        old = delete(AgentNonce).where(AgentNonce.expires_at < clock.real_now()).returning(AgentNonce.nonce)
        return len(session.scalars(old).all())
