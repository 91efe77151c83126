"""Lead one visit from the taken session to the handed-in result.

Top to bottom it is the journey of the person: lay the card, enter the PINs, keep still, done. Whatever goes wrong ends
in one result for the service and one sentence on the keypad page.
"""

from __future__ import annotations

import logging
import threading
from contextlib import suppress
from typing import Final

from nfc.agent.client import AgentClient, ClientError, ProgressStep, SessionEnded
from nfc.agent.reading import (
    IssuerKeys,
    Reader,
    Reading,
    look_at_card,
    read_card,
    result_of,
    result_without_reading,
)
from nfc.agent.visit import (
    NOT_DELIVERED,
    SESSION_ENDED,
    Ending,
    Tries,
    Visit,
    VisitState,
    WrongMoment,
)
from nfc.challenge import operation_text, signed_bytes
from nfc.pins import PinKind
from nfc.problems import CardProblem, Outcome
from nfc.procedures import CardPreview

POLL_SECONDS: Final = 0.25
MAX_LOOKS: Final = 3
# Without a PIN nothing is lost by asking the person to lay the card down again.
_TRANSIENT: Final = frozenset({Outcome.NO_CARD, Outcome.CARD_REMOVED, Outcome.COMM_ERROR})

_LOGGER = logging.getLogger("nfc.agent")


def conduct(
    visit: Visit, *, reader: Reader, client: AgentClient, issuer_keys: IssuerKeys, stop: threading.Event
) -> None:
    """Run the visit to its end and tell the service. `stop` ends it as cancelled unless the card is being read.

    Never raises for what card, person or service do; the visit is over afterwards.
    """
    try:
        reading = _lead(visit, reader, client, issuer_keys, stop)
    except CardProblem as problem:
        _end(visit, Ending(problem.outcome.value, problem.pin_kind, problem.tries_left))
        reading = None
    except SessionEnded:
        _end(visit, SESSION_ENDED)
        reading = None
    except Exception as error:
        # A defect of ours. Its message and traceback may carry card data, so only its kind is told.
        _LOGGER.error("a visit failed by a defect of the agent: %s", type(error).__name__)
        _end(visit, Ending(Outcome.ORDER_BUG.value))
        reading = None
    _hand_in(visit, client, reading, issuer_keys)


def _lead(
    visit: Visit, reader: Reader, client: AgentClient, issuer_keys: IssuerKeys, stop: threading.Event
) -> Reading | None:
    """The visit up to the reading; None when it ended before. Raises CardProblem and SessionEnded."""
    _tell(client, visit, "waiting_card")
    card = _wait_for_readable_card(visit, reader, stop)
    if card is None:
        return None
    _check_not_blocked(card)
    try:
        visit.card_shown(Tries(card.text_tries, card.auth_tries))
    except WrongMoment:  # cancelled while the card was looked at
        return None

    _tell(client, visit, "waiting_pin")
    if _wait_while(VisitState.WAITING_PIN, visit, stop) is not VisitState.READING:
        return None
    pins = visit.take_pins()
    # Not only a courtesy: a session that nobody waits for any more must not cost a try.
    _tell(client, visit, "reading")
    return read_card(reader, pins, _message(visit, client), same_card_as=card.certificate, issuer_keys=issuer_keys)


def _wait_for_readable_card(visit: Visit, reader: Reader, stop: threading.Event) -> CardPreview | None:
    looks = 0
    while _step(VisitState.WAITING_CARD, visit, stop, wait=not reader.card_present()):
        if not reader.card_present():
            continue
        looks += 1
        try:
            return look_at_card(reader)
        except CardProblem as problem:
            if problem.outcome not in _TRANSIENT or looks == MAX_LOOKS:
                raise
            visit.card_unreadable()
            visit.wait(POLL_SECONDS)
    return None


def _wait_while(state: VisitState, visit: Visit, stop: threading.Event) -> VisitState:
    while _step(state, visit, stop, wait=True):
        pass
    return visit.state


def _step(state: VisitState, visit: Visit, stop: threading.Event, *, wait: bool) -> bool:
    """One turn of waiting: whether the visit is still in `state`."""
    if stop.is_set():
        with suppress(WrongMoment):  # PINs entered in this very moment: then the card is read to the end
            visit.cancel()
    return visit.wait(POLL_SECONDS if wait else 0) is state


def _check_not_blocked(card: CardPreview) -> None:
    """A PIN that is locked already is told at once; the stricter case (only the office unlocks it) first."""
    for kind, left in ((PinKind.TEXT, card.text_tries), (PinKind.AUTH, card.auth_tries)):
        if left == 0:
            raise CardProblem(Outcome.BLOCKED, kind, tries_left=0)


def _message(visit: Visit, client: AgentClient) -> bytes:
    task = visit.task
    text = operation_text(task.session_id, client.agent_id, task.purpose, task.policy_id, task.origin)
    return signed_bytes(task.challenge_bytes, text)


def _tell(client: AgentClient, visit: Visit, step: ProgressStep) -> None:
    """Progress is for the waiting page only: if it cannot be told, the visit goes on."""
    try:
        client.progress(visit.task.session_id, step)
    except SessionEnded:
        raise
    except ClientError as error:
        _LOGGER.warning("progress could not be told: %s", error)


def _end(visit: Visit, ending: Ending) -> None:
    """End the visit from whichever state it is in; if the person was faster (cancelled), theirs is the ending."""
    for act in (visit.refuse, visit.cancel, visit.refuse):
        with suppress(WrongMoment):
            act(ending)
            return


def _hand_in(visit: Visit, client: AgentClient, reading: Reading | None, issuer_keys: IssuerKeys) -> None:
    ending = visit.view().ending
    if ending == SESSION_ENDED:
        _LOGGER.info("the service ended the session")
        return
    if reading is not None:
        result = result_of(reading, issuer_keys.environment)
    else:
        assert ending is not None, "a visit without a reading has failed"
        result = result_without_reading(ending)
    try:
        client.finish(visit.task.session_id, result)
    except ClientError as error:
        _LOGGER.warning("the result could not be handed in and was dropped: %s", error)
        if reading is not None:
            visit.refuse(SESSION_ENDED if isinstance(error, SessionEnded) else NOT_DELIVERED)
        return
    if reading is not None:
        visit.finish()
    _LOGGER.info("a card session ended: %s", "ok" if ending is None else ending.outcome)
