"""What goes over the agents' interface, as models: they check what comes in and describe everything in openapi.json."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from nfc.transports.relay import MAX_ANSWER_BYTES, MAX_ANSWERS, MAX_COMMANDS

HEX = "^([0-9A-Fa-f]{2})+$"


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class TakeIn(_In):
    """How many seconds the agent is ready to wait."""

    wait: int = Field(0, ge=0, le=60)
    session_id: UUID | None = None


class ProgressIn(_In):
    """Where the reading is: waiting_removal (of a card left there), waiting_card, waiting_pin or reading."""

    step: str = Field(max_length=20)


class PairIn(_In):
    """The code an operator made, and the device key (Ed25519, 32 bytes) that signed this very request."""

    code: str = Field(min_length=8, max_length=20)
    public_key: str = Field(pattern="^[0-9a-f]{64}$")


class AnswerIn(_In):
    """One answer of the card, oldest first: data and status word, or why there was none. Exactly one of the two."""

    response: str | None = Field(None, pattern=HEX, min_length=4, max_length=2 * MAX_ANSWER_BYTES)
    failure: Literal["no_service", "no_reader", "no_card", "card_busy", "card_removed", "comm_error"] | None = None


class RelayStepIn(_In):
    """All answers so far, and of which PINs the person accepted to use the last try."""

    answers: list[AnswerIn] = Field(max_length=MAX_ANSWERS)
    allow_last_try: list[Literal["text", "auth"]] = Field(default_factory=list, max_length=2)


class TaskOut(BaseModel):
    """A card session: what is to be read and why, and the challenge that the card is to sign."""

    session_id: str
    challenge: str = Field(pattern="^[0-9a-f]{64}$")
    purpose: Literal["apply", "status", "guardian", "child", "counter", "hold", "confirm", "touch"]
    policy_id: str | None
    policy_title: str | None
    municipality_name: str | None
    origin: str
    confirmation: str = Field(
        pattern="^[0-9]{2}$", description="The person's own page shows it; the person types it at the reader."
    )
    expires_in: int = Field(ge=0)


class SlotOut(BaseModel):
    """The place of a PIN: `length` zeros at `offset`, which the client replaces by what the person types there.

    The filled command is never sent anywhere but to the card, and never logged.
    """

    pin: Literal["text", "auth"]
    offset: Literal[5]
    length: Literal[4]
    tries_left: int | None = Field(description="To be shown; at 1 the next mistake locks the PIN.")


class CommandOut(BaseModel):
    """One command APDU for the card."""

    apdu: str = Field(pattern=HEX)
    slot: SlotOut | None


class ScriptOut(BaseModel):
    """What comes next: commands in their order, or nothing more. The verdict is shown on the person's own page."""

    finished: bool
    answered: int = Field(ge=0, le=MAX_ANSWERS)
    commands: list[CommandOut] = Field(max_length=MAX_COMMANDS)


class PairedOut(BaseModel):
    """The enrolled agent."""

    agent_id: str
    reader_no: str
    name: str


class ProblemOut(BaseModel):
    """A refusal (RFC 9457)."""

    type: str
    title: str
    status: int
    code: str | None = None
