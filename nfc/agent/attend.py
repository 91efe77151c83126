"""Visits at a counter that need no PIN: watch that the card stays while its holder types, and see it a second time.

`hold` watches the card after it was read and tells at once when it is away for long, or another lies in its place.
`confirm` waits until the card was lifted and laid down again, and hands in its certificate (EF 000A, no PIN; BR-51).
`touch` hands in the certificate of a card that has no PINs, so that even such a visit is bound to one card.
"""

from __future__ import annotations

import base64
import logging
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from nfc.agent.client import AgentClient, ClientError, ProgressStep, SessionEnded
from nfc.agent.last_card import LastCard
from nfc.agent.reading import Reader, result_without_reading, see_certificate
from nfc.agent.task import FROM_AN_EMPTY_READER
from nfc.agent.visit import NOT_DELIVERED, SESSION_ENDED, Ending, Visit, VisitState, WrongMoment
from nfc.problems import CardProblem, Outcome

POLL_SECONDS: Final = 0.25
PULSE_SECONDS: Final = 1.0
AWAY_SECONDS: Final = 5.0
"""A card that is lifted for a moment is no card taken away (domain.md 5.8)."""
HOLD_MINUTES: Final = 20
"""Nobody types for so long; the service ends a watch much earlier."""
MAX_LOOKS: Final = 3
CARD_AWAY: Final = Ending("card_removed")
ANOTHER_CARD: Final = Ending("another_card")
_GONE: Final = frozenset({Outcome.NO_CARD, Outcome.CARD_REMOVED})
_TRANSIENT: Final = _GONE | {Outcome.COMM_ERROR}

_LOGGER = logging.getLogger("nfc.agent")


def attend(visit: Visit, *, reader: Reader, client: AgentClient, stop: threading.Event, last_card: LastCard) -> None:
    """Lead a visit of purpose hold, confirm or touch to its end and tell the service. Never raises.

    `last_card`: the card that was read or seen before; a watch is for that one.
    """
    scene = _Scene(visit, reader, client, stop, last_card)
    try:
        if visit.task.purpose == "hold":
            _hold(scene)
        else:
            _see_card(scene, lifted_first=visit.task.purpose == "confirm" or _is_left_there(scene))
    except CardProblem as problem:
        _refuse(scene, Ending(problem.outcome.value, problem.pin_kind, problem.tries_left))
    except SessionEnded:
        _over(scene)
    except Exception as error:
        # Its message and traceback may carry card data, so only its kind is told.
        _LOGGER.error("a visit failed by a defect of the agent: %s", type(error).__name__)
        _refuse(scene, Ending(Outcome.ORDER_BUG.value))


class _Scene:
    """Who takes part, and the pulse that tells the service how it is and hears when nobody waits any more."""

    def __init__(
        self, visit: Visit, reader: Reader, client: AgentClient, stop: threading.Event, last_card: LastCard
    ) -> None:
        self.visit = visit
        self.reader = reader
        self.client = client
        self.stop = stop
        self.last_card = last_card
        self._next_pulse = 0.0

    def turn(self, *, lies_there: bool, left: bool = False) -> bool:
        """One turn of watching; False when the person, the operator or the clock ended the visit.

        ``left``: the card of the person before is to be taken away first.
        """
        if self.stop.is_set():
            with suppress(WrongMoment):
                self.visit.cancel()
            with suppress(WrongMoment):
                self.visit.refuse(Ending("cancelled"))
        if time.monotonic() >= self._next_pulse:
            self._next_pulse = time.monotonic() + PULSE_SECONDS
            try:
                step: ProgressStep = "waiting_removal" if left else "reading" if lies_there else "waiting_card"
                self.client.progress(self.visit.task.session_id, step, patient=False)
            except SessionEnded:
                raise
            except ClientError:
                pass  # the service is away for a moment; it ends the session itself when it hears nothing for long
        self.visit.wait(POLL_SECONDS)
        return self.visit.state not in (VisitState.DONE, VisitState.FAILED)


def _hold(scene: _Scene) -> None:
    """Watch the card until the service ends it; tell at once when it is away for long, or is another.

    Many lift it when the reading is over, just as the watch begins: that is a card lifted for a moment like any other.
    Another one laid down in that moment is no beginning but an end.
    """
    first: bytes | None = None
    deadline = time.monotonic() + HOLD_MINUTES * 60
    away_since: float | None = None
    while True:
        there = scene.reader.card_present()
        if there and (first is None or away_since is not None):
            seen = _certificate(scene)
            if seen is not None and (scene.last_card.is_another(seen) if first is None else seen != first):
                _refuse(scene, ANOTHER_CARD)
                return
            if first is None and seen is not None:
                first = seen
                scene.visit.card_seen()
            there = seen is not None
        now = time.monotonic()
        away_since = None if there else now if away_since is None else away_since
        if now >= deadline:
            _refuse(scene, Ending("timed_out"))
            return
        if away_since is not None and now - away_since >= AWAY_SECONDS:
            _refuse(scene, CARD_AWAY)
            return
        if not scene.turn(lies_there=away_since is None):
            break
    _hand_in_ending(scene)


def _see_card(scene: _Scene, *, lifted_first: bool) -> None:
    """Wait for a card, after the one that lies there was lifted if so asked, and hand in its certificate."""
    was_lifted = not lifted_first
    of_another = lifted_first and scene.visit.task.purpose in FROM_AN_EMPTY_READER
    while scene.turn(lies_there=False, left=of_another and not was_lifted):
        if not scene.reader.card_present():
            was_lifted = True
            scene.visit.card_left(lies_there=False)
        elif was_lifted:
            certificate = _certificate(scene)
            if certificate is None:
                continue
            scene.visit.card_seen()
            scene.last_card.note(certificate)
            result = {"outcome": Outcome.OK.value, "certificate": base64.b64encode(certificate).decode("ascii")}
            if _deliver(scene, result):
                scene.visit.finish()
            return
    _hand_in_ending(scene)


def _is_left_there(scene: _Scene) -> bool:
    """Whether a card lies there that is not this visit's (BR-50)."""
    left = scene.visit.task.purpose in FROM_AN_EMPTY_READER and scene.reader.card_present()
    scene.visit.card_left(lies_there=left)
    return left


def _certificate(scene: _Scene) -> bytes | None:
    """The certificate of the card that lies there. One that moved is looked at again; None for one that is away again.

    Raises CardProblem.
    """
    for look in range(1, MAX_LOOKS + 1):
        try:
            return see_certificate(scene.reader)
        except CardProblem as problem:
            if look == MAX_LOOKS and problem.outcome in _GONE:
                return None
            if problem.outcome not in _TRANSIENT or look == MAX_LOOKS:
                raise
            scene.visit.wait(POLL_SECONDS)
    raise AssertionError("unreachable")


def _over(scene: _Scene) -> None:
    """The service has heard enough: for a watch that is its good end."""
    if scene.visit.task.purpose == "hold" and scene.visit.state is VisitState.READING:
        scene.visit.finish()
        return
    with suppress(WrongMoment):
        scene.visit.refuse(SESSION_ENDED)


def _refuse(scene: _Scene, ending: Ending) -> None:
    with suppress(WrongMoment):
        scene.visit.refuse(ending)
    _hand_in_ending(scene)


def _hand_in_ending(scene: _Scene) -> None:
    ending = scene.visit.view().ending
    if ending is not None and ending != SESSION_ENDED:
        _deliver(scene, result_without_reading(ending))


def _deliver(scene: _Scene, result: Mapping[str, object]) -> bool:
    try:
        scene.client.finish(scene.visit.task.session_id, result)
    except ClientError as error:
        _LOGGER.warning("the result could not be handed in and was dropped: %s", str(error))
        with suppress(WrongMoment):
            scene.visit.refuse(SESSION_ENDED if isinstance(error, SessionEnded) else NOT_DELIVERED)
        return False
    _LOGGER.info("a card session ended: %s", result["outcome"])
    return True
