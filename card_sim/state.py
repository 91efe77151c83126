"""What a card remembers without power: its retry counters and changed secrets (card.md section 13, row State)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from card_sim.files import FileRef


class StateUnavailable(Exception):
    """The card's memory can't be read or written; the card answers 6581 and opens nothing."""


@dataclass
class CardState:
    """Counters and secrets that differ from how the card was handed out, by file reference."""

    tries_left: dict[FileRef, int] = field(default_factory=dict)
    changed_secrets: dict[FileRef, bytes] = field(default_factory=dict, repr=False)


class StateStore(Protocol):
    """Where a card's state lives. Two programs may hold the same card, so nothing is cached by the card itself."""

    def read(self) -> CardState:
        """The newest state. Raises StateUnavailable."""
        ...

    def update(self) -> AbstractContextManager[CardState]:
        """The newest state, alone with it; what the block changed is kept when it ends. Raises StateUnavailable."""
        ...


class MemoryStore:
    """State for the lifetime of an object: for tests and throw-away cards."""

    def __init__(self) -> None:
        self._state = CardState()

    def read(self) -> CardState:
        return self._state

    @contextmanager
    def update(self) -> Iterator[CardState]:
        yield self._state
