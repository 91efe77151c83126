"""What the keypad page shows right now: the running visit, the one just ended for a while, or that nobody is here."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final, Literal, TypeAlias

from nfc.agent.visit import Visit
from nfc.agent.words import DEFAULT, Language
from nfc.trust import Environment

Trouble: TypeAlias = Literal["away", "refused"]
"""Why nothing can be read at the moment: the service does not answer, or does not accept this program."""

# Long enough to read the sentence, short enough that the next person does not meet it.
ENDED_SHOWN_SECONDS: Final = 60


class Booth:
    """The meeting place of the agent's loop and the keypad page. One visit at a time, as there is one reader."""

    def __init__(
        self,
        environment: Environment,
        *,
        clock: Callable[[], float] = time.monotonic,
        shuffled_digits: bool = False,
    ) -> None:
        self.environment: Final = environment
        self.shuffled_digits: Final = shuffled_digits
        self._clock = clock
        self._lock = threading.Lock()
        self._visit: Visit | None = None
        self._count = 0
        self._ended_at: float | None = None
        self._trouble: Trouble | None = None
        self._language: Language = DEFAULT
        self._language_until: float | None = None

    def begin(self, visit: Visit) -> None:
        """Show this visit from now on."""
        with self._lock:
            self._visit = visit
            self._count += 1
            self._ended_at = None
            if self._language_is_over():
                self._language = DEFAULT
            self._language_until = None

    def end(self) -> None:
        """The visit is over: its last page stays for a minute."""
        with self._lock:
            self._ended_at = self._clock()
            self._language_until = self._ended_at + ENDED_SHOWN_SECONDS

    def set_trouble(self, trouble: Trouble | None) -> None:
        """What is wrong with the service at the moment; None when it answers."""
        with self._lock:
            self._trouble = trouble

    @property
    def trouble(self) -> Trouble | None:
        """What the idle page should say is wrong, if anything."""
        with self._lock:
            return self._trouble

    @property
    def language(self) -> Language:
        """The language somebody chose for this visit; the next person meets the usual one again."""
        with self._lock:
            if self._language_is_over():
                self._language, self._language_until = DEFAULT, None
            return self._language

    def choose_language(self, language: Language) -> None:
        """Use this language until the visit is over; chosen before a visit, for a minute of waiting for one."""
        with self._lock:
            self._language = language
            waits = self._visit is None or self._ended_at is not None
            self._language_until = self._clock() + ENDED_SHOWN_SECONDS if waits else None

    def _language_is_over(self) -> bool:
        return self._language_until is not None and self._clock() >= self._language_until

    @property
    def visit(self) -> Visit | None:
        """The visit to show, or None when there is none."""
        with self._lock:
            if self._ended_at is not None and self._clock() >= self._ended_at + ENDED_SHOWN_SECONDS:
                self._visit, self._ended_at = None, None
            return self._visit

    def revision(self) -> str:
        """A text that differs whenever the page should be drawn anew."""
        visit, language = self.visit, self.language
        with self._lock:
            shown = f"idle-{self._trouble}" if visit is None else str(visit.revision)
            return f"{self._count}-{shown}-{language}"
