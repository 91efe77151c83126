"""The reader's part of the journey: a second enrolled agent that reads a simulated card in its own process."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from card_sim.issuer import TestIssuer
from card_sim.wallet import Wallet
from nfc.agent.client import AgentClient
from nfc.agent.reading import IssuerKeys, look_at_card, read_card, result_of, result_without_reading
from nfc.agent.signing import DeviceKey
from nfc.agent.visit import Ending, EnteredPins
from nfc.challenge import operation_text, signed_bytes
from nfc.pins import Pin, PinFormatError, PinKind
from nfc.problems import CardProblem, Outcome
from nfc.transports import Transport
from nfc.transports.in_process import CardObject, InProcess
from nfc.trust import load_cv_keys


class CardOnTheTable:
    """A reader on which one simulated card always lies."""

    def __init__(self, card: CardObject) -> None:
        self._card = card

    def card_present(self) -> bool:
        """Always."""
        return True

    def transport(self) -> Transport:
        """A fresh way to the card."""
        return InProcess(self._card)


def read_and_hand_in(
    *,
    base_url: str,
    state_dir: Path,
    agent_id: str,
    session_id: str | None = None,
    person_id: str,
    pin: str | None,
    now: datetime,
) -> None:
    """Take the card session that the page opened (or the oldest), read the card with the PINs, post the result."""
    from card_sim.people import load_people

    persona = load_people()[person_id]
    issuer = TestIssuer.open(state_dir, now)
    reader = CardOnTheTable(Wallet(state_dir, issuer).open_card(person_id, now))
    client = AgentClient(base_url, agent_id, DeviceKey.load(state_dir / "agents" / "journey.key"))
    try:
        task = client.take(0, session_id)
        if task is None:
            raise RuntimeError("the service gave no card session to the journey's agent")
        text = operation_text(task.session_id, agent_id, task.purpose, task.policy_id, task.origin)
        own = persona.pins
        try:
            preview = look_at_card(reader)
            pins = _pins(pin or (own.text if own else None), pin or (own.auth if own else None))
            keys = IssuerKeys(load_cv_keys(state_dir / "trust" / "cv_keys.json", "test"), "test")
            message = signed_bytes(task.challenge_bytes, text)
            reading = read_card(
                reader,
                pins,
                message,
                same_card_as=preview.certificate,
                issuer_keys=keys,
                challenge=task.challenge_bytes,
            )
            result = result_of(reading, "test")
        except CardProblem as problem:
            result = result_without_reading(Ending(problem.outcome.value, problem.pin_kind, problem.tries_left))
        client.finish(task.session_id, result)
    finally:
        client.close()


def _pins(text: str | None, auth: str | None) -> EnteredPins:
    """A journey may use the last try: nobody's real card is at stake."""
    if text is None or auth is None:
        raise CardProblem(Outcome.BLOCKED)
    try:
        return EnteredPins(Pin(PinKind.TEXT, text), Pin(PinKind.AUTH, auth), frozenset({PinKind.TEXT, PinKind.AUTH}))
    except PinFormatError as error:
        raise RuntimeError(f"--pin: {error}") from None
