"""What the card signs for one card session (card.md section 11, row 3): computed alike by server and reader agent."""

import hashlib
import json
from typing import Final

LABEL: Final = b"todoke-card-session-v1"
"""Fixed per use and version, so that a signature made for this use can never serve another one."""

CHALLENGE_BYTES: Final = 32


def operation_text(session_id: str, agent_id: str, purpose: str, policy_id: str | None, origin: str) -> str:
    """The canonical text of the operation a signature is bound to.

    JSON with sorted keys, ASCII only and no spaces: no field can be written so that it reads as another one.
    `origin` is the public address of the server, so that a signature for one server is worth nothing at another.
    """
    fields = {
        "agent_id": agent_id,
        "origin": origin,
        "policy_id": policy_id,
        "purpose": purpose,
        "session_id": session_id,
    }
    return json.dumps(fields, sort_keys=True, ensure_ascii=True, separators=(",", ":"))


def signed_bytes(challenge: bytes, operation_text: str) -> bytes:
    """The message for the card: label, 00, the server's 32-byte challenge, SHA-256 of the operation text.

    Raises ValueError for a challenge of another length.
    """
    if len(challenge) != CHALLENGE_BYTES:
        raise ValueError("the challenge must have 32 bytes")
    return LABEL + b"\x00" + challenge + hashlib.sha256(operation_text.encode("utf-8")).digest()
