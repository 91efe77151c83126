"""Lead one visit from the taken session to the handed-in result.

Top to bottom it is the journey of the person: lay the card, enter the PINs, keep still, done. Whatever goes wrong ends
in one result for the service and one sentence on the keypad page.
"""

from __future__ import annotations

import logging
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from nfc.agent.client import AgentClient, ClientError, ProgressStep, SessionEnded
from nfc.agent.last_card import LastCard
from nfc.agent.reading import (
    IssuerKeys,
    Reader,
    Reading,
    look_at_card,
    read_card,
    result_of,
    result_without_reading,
)
from nfc.agent.task import FROM_AN_EMPTY_READER
from nfc.agent.visit import (
    NOT_DELIVERED,
    SESSION_ENDED,
    Ending,
    Notice,
    Tries,
    Visit,
    VisitState,
    WrongMoment,
)
from nfc.challenge import operation_text, signed_bytes
from nfc.exchanges import ExtendedLength
from nfc.pins import PinKind
from nfc.problems import AnotherCard, CardProblem, Outcome
from nfc.procedures import CardPreview

POLL_SECONDS: Final = 0.25
MAX_LOOKS: Final = 3
ABSENT_LOOKS: Final = 2
"""Readers without contact lose sight of a card for a moment now and then."""
PULSE_SECONDS: Final = 3.0
SLOW_PULSE_SECONDS: Final = 15.0
# Without a PIN nothing is lost by asking the person to lay the card down again.
_TRANSIENT: Final = frozenset({Outcome.NO_CARD, Outcome.CARD_REMOVED, Outcome.COMM_ERROR})

_LOGGER = logging.getLogger("nfc.agent")


def conduct(
    visit: Visit,
    *,
    reader: Reader,
    client: AgentClient,
    issuer_keys: IssuerKeys,
    stop: threading.Event,
    last_card: LastCard,
    extended: ExtendedLength = ExtendedLength.OFF,
) -> None:
    """Run the visit to its end and tell the service. `stop` ends it as cancelled unless the card is being read.
    `last_card` learns which card was read.

    Never raises for what card, person or service do; the visit is over afterwards.
    """
    reading = None
    try:
        reading = _lead(_Scene(visit, reader, _Pulse(client, visit), stop, extended), issuer_keys)
        if reading is not None:
            last_card.note(reading.certificate)
    except CardProblem as problem:
        _end(visit, Ending(problem.outcome.value, problem.pin_kind, problem.tries_left))
    except SessionEnded:
        _end(visit, SESSION_ENDED)
    except Exception as error:
        # A defect of ours. Its message and traceback may carry card data, so only its kind is told.
        _LOGGER.error("a visit failed by a defect of the agent: %s", type(error).__name__)
        _end(visit, Ending(Outcome.ORDER_BUG.value))
    _hand_in(visit, client, reading, issuer_keys)


@dataclass(slots=True)
class _Scene:
    """Who takes part in a visit."""

    visit: Visit
    reader: Reader
    pulse: _Pulse
    stop: threading.Event
    extended: ExtendedLength


def _lead(scene: _Scene, issuer_keys: IssuerKeys) -> Reading | None:
    """The visit up to the reading; None when it ended before. Raises CardProblem and SessionEnded."""
    visit = scene.visit
    if visit.task.purpose in FROM_AN_EMPTY_READER and not _wait_until_empty(scene):
        return None
    while True:
        scene.pulse.tell("waiting_card")
        card = _wait_for_readable_card(scene)
        if card is None:
            return None
        _check_not_blocked(card)
        try:
            visit.card_shown(Tries(card.text_tries, card.auth_tries))
        except WrongMoment:  # cancelled while the card was looked at
            return None

        scene.pulse.tell("waiting_pin")
        state = _wait_for_pins(scene)
        if state is VisitState.WAITING_CARD:
            continue
        if state is not VisitState.READING:
            return None
        pins = visit.take_pins()
        # Not only a courtesy: a session that nobody waits for any more must not cost a try.
        scene.pulse.tell("reading")
        try:
            return read_card(
                scene.reader,
                pins,
                _message(visit, scene.pulse.client),
                same_card_as=card.certificate,
                issuer_keys=issuer_keys,
                challenge=visit.task.challenge_bytes,
                extended=card.extended_length,
            )
        except CardProblem as problem:
            # Nothing was shown to a card: the person lays the right one down and enters the PINs for it again.
            if not isinstance(problem, AnotherCard) and problem.outcome is not Outcome.NO_CARD:
                raise
            del pins
            visit.card_taken(Notice.CHANGED if isinstance(problem, AnotherCard) else Notice.TAKEN)


class _Pulse:
    """Tells the service how far the visit is, and hears from it when nobody waits for this visit any more.

    Progress is for the waiting page only: if it cannot be told, the visit goes on. SessionEnded is what counts.
    """

    def __init__(self, client: AgentClient, visit: Visit) -> None:
        self.client = client
        self._visit = visit
        self._step: ProgressStep = "waiting_card"
        self._next = 0.0
        self._pause = PULSE_SECONDS

    def tell(self, step: ProgressStep) -> None:
        """A new step. Raises SessionEnded."""
        self._step = step
        self._send(patient=True)

    def beat(self) -> None:
        """While somebody is waited for: ask every few seconds whether the page still waits. Raises SessionEnded."""
        if time.monotonic() >= self._next:
            self._send(patient=False)

    def _send(self, *, patient: bool) -> None:
        try:
            self.client.progress(self._visit.task.session_id, self._step, patient=patient)
            self._pause = PULSE_SECONDS
        except SessionEnded:
            raise
        except ClientError as error:
            # A service that is away must not hold up the person at the keypad again and again.
            self._pause = SLOW_PULSE_SECONDS
            if patient:
                _LOGGER.warning("progress could not be told: %s", str(error))
        self._next = time.monotonic() + self._pause


def _wait_until_empty(scene: _Scene) -> bool:
    """Until the card of the person before is away; False when the visit ended meanwhile. Raises SessionEnded."""
    if not scene.reader.card_present():
        return True
    scene.visit.card_left(lies_there=True)
    scene.pulse.tell("waiting_removal")
    absent = 0
    while absent < ABSENT_LOOKS:
        if not _step(VisitState.WAITING_CARD, scene, wait=True):
            return False
        absent = 0 if scene.reader.card_present() else absent + 1
    scene.visit.card_left(lies_there=False)
    return True


def _wait_for_readable_card(scene: _Scene) -> CardPreview | None:
    visit, reader = scene.visit, scene.reader
    looks = 0
    while _step(VisitState.WAITING_CARD, scene, wait=not reader.card_present()):
        if not reader.card_present():
            continue
        looks += 1
        try:
            return look_at_card(reader, extended=scene.extended)
        except CardProblem as problem:
            if problem.outcome not in _TRANSIENT or looks == MAX_LOOKS:
                raise
            # It may have been the long answer that card or reader could not stand.
            scene.extended = ExtendedLength.OFF
            visit.card_unreadable()
            visit.wait(POLL_SECONDS)
    return None


def _wait_for_pins(scene: _Scene) -> VisitState:
    """The state after waiting: READING with both PINs, WAITING_CARD when the card was taken away, or an end."""
    absent = 0
    while _step(VisitState.WAITING_PIN, scene, wait=True):
        absent = 0 if scene.reader.card_present() else absent + 1
        if absent == ABSENT_LOOKS:
            with suppress(WrongMoment):  # the PINs came in this very moment; the reading will find no card
                scene.visit.card_taken(Notice.TAKEN)
    return scene.visit.state


def _step(state: VisitState, scene: _Scene, *, wait: bool) -> bool:
    """One turn of waiting: whether the visit is still in `state`."""
    if scene.stop.is_set():
        with suppress(WrongMoment):  # PINs entered in this very moment: then the card is read to the end
            scene.visit.cancel()
    scene.pulse.beat()
    return scene.visit.wait(POLL_SECONDS if wait else 0) is state


def _check_not_blocked(card: CardPreview) -> None:
    """A PIN that is locked already is told at once; the stricter case (only the office unlocks it) first."""
    for kind, left in ((PinKind.TEXT, card.text_tries), (PinKind.AUTH, card.auth_tries)):
        if left == 0:
            raise CardProblem(Outcome.BLOCKED, kind, tries_left=0)


def _message(visit: Visit, client: AgentClient) -> bytes:
    task = visit.task
    text = operation_text(task.session_id, client.agent_id, task.purpose, task.policy_id, task.origin)
    return signed_bytes(task.challenge_bytes, text)


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
        # The words only: a kept log record would hold the error, its traceback, and with it what was read.
        _LOGGER.warning("the result could not be handed in and was dropped: %s", str(error))
        if reading is not None:
            visit.refuse(SESSION_ENDED if isinstance(error, SessionEnded) else NOT_DELIVERED)
        return
    if reading is not None:
        visit.finish()
    _LOGGER.info("a card session ended: %s", "ok" if ending is None else ending.outcome)
