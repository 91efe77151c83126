"""A card read through a phone: the service runs the procedure, the phone runs its commands (card.md 12.1).

Between two requests the service keeps nothing that the card said: the client sends all answers so far, and the
procedure is replayed over them. No PIN arrives here; its place in a command stays empty. The client is not trusted to
have read one card, so such evidence is `unattended`, and the issuer's record is not read (N3).
"""

from __future__ import annotations

import base64
from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import select

from app import clock, db
from app.cards.finish import FourInformationIn, ResultIn, finish_session
from app.cards.models import CardSession
from app.cards.sessions import PROGRESS, note_progress
from app.settings import Settings
from nfc.challenge import operation_text, signed_bytes
from nfc.pins import PinKind, PinSlot
from nfc.procedures import CardReading, read_whole
from nfc.transports.relay import Finished, RelayAnswer, RelayError, Script, replay

__all__ = ["RelayError", "relay_step"]


def relay_step(
    settings: Settings,
    agent_id: UUID,
    session_id: UUID,
    answers: Sequence[RelayAnswer],
    allow_last_try: Collection[PinKind],
) -> Script | None:
    """What the client is to do next, after all `answers` so far; finished when the reading was judged.

    `allow_last_try` names the PINs of which the person was told that it is the last try. None when the session is not
    this agent's, over, or answered before. Raises RelayError for answers that cannot be.
    """
    message = _message(settings, agent_id, session_id)
    if message is None:
        return None
    slots = PinSlot(PinKind.TEXT), PinSlot(PinKind.AUTH)
    after = replay(read_whole(*slots, message, allow_last_try=frozenset(allow_last_try)), answers)
    if isinstance(after, Finished):
        taken = finish_session(settings, agent_id, session_id, _result(after), relayed=True)
        return Script(answered=len(answers), finished=True) if taken else None
    with db.transaction() as session:
        return after if note_progress(session, agent_id, session_id, _progress(after)) else None


def _message(settings: Settings, agent_id: UUID, session_id: UUID) -> bytes | None:
    """What the card is to sign in this session, while it waits for this agent."""
    mine = select(CardSession).where(
        CardSession.id == session_id,
        CardSession.agent_id == agent_id,
        CardSession.state.in_(("taken", *PROGRESS)),
        CardSession.expires_at > clock.real_now(),
    )
    with db.reading() as session:
        row = session.scalar(mine)
        if row is None:
            return None
        text = operation_text(str(session_id), str(agent_id), row.purpose, row.policy_id, settings.public_url)
        return signed_bytes(row.challenge, text)


def _progress(script: Script) -> str:
    if script.answered == 0:
        return "waiting_card"
    return "waiting_pin" if any(command.slot for command in script.commands) else "reading"


def _result(end: Finished) -> ResultIn:
    """The result as a reader's agent would have posted it."""
    problem = end.problem
    if problem is not None:
        kind = problem.pin_kind.value if problem.pin_kind is not None else None
        return ResultIn(outcome=problem.outcome.value, pin_kind=kind, tries_left=problem.tries_left)
    reading = end.result
    assert isinstance(reading, CardReading)
    items = reading.four_information
    return ResultIn(
        outcome="ok",
        four_information=FourInformationIn(
            name=items.name, address=items.address, birth_date=items.birth_date, sex=items.sex
        ),
        certificate=base64.b64encode(reading.certificate).decode("ascii"),
        signature=base64.b64encode(reading.signature).decode("ascii"),
        issuer_check="not_done",
    )
