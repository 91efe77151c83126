"""One card session at the reader as a state machine: what may happen when, shared by reader loop and keypad page.

The states are those the service shows on the waiting page. The table is the whole truth: an action that it does not
list for a state is refused, whoever asks and however the threads interleave.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from nfc.agent.task import CardSessionTask
from nfc.pins import Pin, PinKind

# A PIN entered in the last seconds would be spent for a result that comes too late.
READING_RESERVE_SECONDS: Final = 5
MAX_WRONG_NUMBERS: Final = 3
"""Of the two digits that the person's own page shows: whoever does not see that page must not find them by trying."""


class VisitState(StrEnum):
    """Where a visit stands. DONE and FAILED are final."""

    WAITING_CARD = "waiting_card"
    WAITING_PIN = "waiting_pin"
    READING = "reading"
    DONE = "done"
    FAILED = "failed"


class VisitAction(StrEnum):
    """What can happen to a visit, and by whom."""

    CARD_SHOWN = "card_shown"  # reader: a card was previewed and its PINs can be asked for
    CARD_SEEN = "card_seen"  # reader: a card lies there, and this visit needs no PIN
    CARD_TAKEN = "card_taken"  # reader: the card was taken away, or another one lies there, before a PIN was used
    PINS_ENTERED = "pins_entered"  # person, on the keypad page
    CANCEL = "cancel"  # person, the agent being stopped, or the service ending the session
    TIME_OUT = "time_out"  # clock
    REFUSE = "refuse"  # reader: the card cannot be read, or the result could not be handed in
    FINISH = "finish"  # service: it has the result


TRANSITIONS: Final[Mapping[tuple[VisitState, VisitAction], VisitState]] = MappingProxyType(
    {
        (VisitState.WAITING_CARD, VisitAction.CARD_SHOWN): VisitState.WAITING_PIN,
        (VisitState.WAITING_CARD, VisitAction.CARD_SEEN): VisitState.READING,
        (VisitState.WAITING_CARD, VisitAction.CANCEL): VisitState.FAILED,
        (VisitState.WAITING_CARD, VisitAction.TIME_OUT): VisitState.FAILED,
        (VisitState.WAITING_CARD, VisitAction.REFUSE): VisitState.FAILED,
        (VisitState.WAITING_PIN, VisitAction.PINS_ENTERED): VisitState.READING,
        (VisitState.WAITING_PIN, VisitAction.CARD_TAKEN): VisitState.WAITING_CARD,
        (VisitState.WAITING_PIN, VisitAction.CANCEL): VisitState.FAILED,
        (VisitState.WAITING_PIN, VisitAction.TIME_OUT): VisitState.FAILED,
        (VisitState.READING, VisitAction.CARD_TAKEN): VisitState.WAITING_CARD,
        # Once a PIN was shown to the card there is no way back: it ends with what the card and the service say.
        (VisitState.READING, VisitAction.FINISH): VisitState.DONE,
        (VisitState.READING, VisitAction.REFUSE): VisitState.FAILED,
    }
)


class Notice(StrEnum):
    """Why the person is asked to lay the card down again."""

    UNREADABLE = "unreadable"
    TAKEN = "taken"
    CHANGED = "changed"
    LEFT = "left"
    """The card of the person before still lies there: it is taken away first."""


class WrongMoment(Exception):
    """The action is not possible in the state the visit is in; nothing has changed."""

    def __init__(self, state: VisitState, action: VisitAction) -> None:
        super().__init__(f"{action} is not possible in state {state}")


@dataclass(frozen=True, slots=True)
class Tries:
    """Tries left per PIN as the card told; None where it gave no number."""

    text: int | None
    auth: int | None

    def last_ones(self) -> frozenset[PinKind]:
        """The PINs that the next mistake would lock."""
        pairs = ((PinKind.TEXT, self.text), (PinKind.AUTH, self.auth))
        return frozenset(kind for kind, left in pairs if left == 1)


@dataclass(frozen=True, slots=True)
class EnteredPins:
    """Both PINs for one reading, and for which of them the person accepted to use the last try (N7)."""

    text: Pin
    auth: Pin
    last_try_confirmed: frozenset[PinKind]


@dataclass(frozen=True, slots=True)
class Ending:
    """How a visit failed: an outcome of card.md 8 or one of the agent's own, with what the card told about a PIN."""

    outcome: str
    pin_kind: PinKind | None = None
    tries_left: int | None = None


CANCELLED: Final = Ending("cancelled")
TIMED_OUT: Final = Ending("timed_out")
SESSION_ENDED: Final = Ending("session_ended")
"""The service ended the session; there is nothing to hand in."""
WRONG_NUMBER: Final = Ending("wrong_number")
"""The number of the person's own page was typed wrong too often: this reading may be somebody else's."""
NOT_DELIVERED: Final = Ending("not_delivered")
"""The card was read, but the service could not be reached; nothing was kept."""


@dataclass(frozen=True, slots=True)
class VisitView:
    """What the keypad page shows; holds no PIN and nothing read from the card but the numbers of tries."""

    task: CardSessionTask
    state: VisitState
    tries: Tries
    ending: Ending | None
    notice: Notice | None
    number_known: bool = False
    """The number of the person's own page was typed right once; it is not asked for again."""


class Visit:
    """One card session from taken to finished. Safe to use from several threads."""

    def __init__(self, task: CardSessionTask, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.task = task
        # A page of another visit, or of another site, does not know it.
        self.form_token = secrets.token_urlsafe(32)
        self._clock = clock
        self._deadline = clock() + max(0, task.expires_in - READING_RESERVE_SECONDS)
        self._changed = threading.Condition()
        self._state = VisitState.WAITING_CARD
        self._revision = 0
        self._tries = Tries(None, None)
        self._ending: Ending | None = None
        self._notice: Notice | None = None
        self._pins: EnteredPins | None = None
        self._number_known = False
        self._wrong_numbers = 0

    def __repr__(self) -> str:
        return f"Visit({self._state})"

    @property
    def state(self) -> VisitState:
        """The current state."""
        with self._changed:
            return self._state

    @property
    def revision(self) -> int:
        """Grows with every change that a page should show."""
        with self._changed:
            return self._revision

    @property
    def is_over(self) -> bool:
        """Whether the state is final."""
        return self.state in {VisitState.DONE, VisitState.FAILED}

    def view(self) -> VisitView:
        """A consistent picture for the page."""
        with self._changed:
            return VisitView(self.task, self._state, self._tries, self._ending, self._notice, self._number_known)

    def check_number(self, typed: str) -> bool:
        """Whether these digits are those of the page that this visit reads for. The third wrong ones end it.

        A card laid for one page must not be read for another's: only who sees that page can type its number.
        """
        with self._changed:
            if secrets.compare_digest(typed.encode(), self.task.confirmation.encode()):
                self._number_known = True
                return True
            self._wrong_numbers += 1
            if self._wrong_numbers >= MAX_WRONG_NUMBERS and (self._state, VisitAction.CANCEL) in TRANSITIONS:
                self._act(VisitAction.CANCEL, WRONG_NUMBER)
            return False

    def card_unreadable(self) -> None:
        """The card was taken away during the preview; the person is asked to lay it down again."""
        with self._changed:
            self._notice = Notice.UNREADABLE
            self._revision += 1

    def card_left(self, *, lies_there: bool) -> None:
        """Whether the card of the person before still lies there, before this visit's own is waited for."""
        notice = Notice.LEFT if lies_there else None
        with self._changed:
            if self._notice is not notice:
                self._notice = notice
                self._revision += 1

    def card_shown(self, tries: Tries) -> None:
        """A card was previewed: its PINs may be entered now."""
        with self._changed:
            self._act(VisitAction.CARD_SHOWN)
            self._tries = tries
            self._notice = None

    def card_seen(self) -> None:
        """A card lies there, and this visit needs no PIN. Raises WrongMoment."""
        with self._changed:
            self._act(VisitAction.CARD_SEEN)
            self._notice = None

    def card_taken(self, notice: Notice) -> None:
        """No card, or another one, and no PIN was used: back to the beginning; entered PINs are dropped.

        Raises WrongMoment when PINs were entered in this very moment, or the visit is over.
        """
        with self._changed:
            self._act(VisitAction.CARD_TAKEN)
            self._pins = None
            self._tries = Tries(None, None)
            self._notice = notice

    def enter_pins(self, pins: EnteredPins) -> None:
        """The person has entered both PINs. Raises WrongMoment, also after the time is over."""
        with self._changed:
            self._check_time()
            self._act(VisitAction.PINS_ENTERED)
            self._pins = pins

    def cancel(self, ending: Ending = CANCELLED) -> None:
        """The person, the operator or the service ends it. Raises WrongMoment once the card is being read."""
        with self._changed:
            self._act(VisitAction.CANCEL, ending)

    def refuse(self, ending: Ending) -> None:
        """The card or the way to the service ended it."""
        with self._changed:
            self._act(VisitAction.REFUSE, ending)

    def finish(self) -> None:
        """The service has the result."""
        with self._changed:
            self._act(VisitAction.FINISH)

    def wait(self, seconds: float) -> VisitState:
        """Wait until something changes, at most `seconds`; ends the visit when its time is over."""
        with self._changed:
            before = self._revision
            self._changed.wait_for(lambda: self._revision != before, timeout=seconds)
            self._check_time()
            return self._state

    def take_pins(self) -> EnteredPins:
        """Hand the PINs over, once: afterwards the visit does not have them any more."""
        with self._changed:
            pins, self._pins = self._pins, None
            if pins is None or self._state is not VisitState.READING:
                raise WrongMoment(self._state, VisitAction.PINS_ENTERED)
            return pins

    def _check_time(self) -> None:
        over = self._clock() >= self._deadline
        if over and (self._state, VisitAction.TIME_OUT) in TRANSITIONS:
            self._act(VisitAction.TIME_OUT, TIMED_OUT)

    def _act(self, action: VisitAction, ending: Ending | None = None) -> None:
        after = TRANSITIONS.get((self._state, action))
        if after is None:
            raise WrongMoment(self._state, action)
        self._state = after
        self._ending = ending
        self._revision += 1
        self._changed.notify_all()
