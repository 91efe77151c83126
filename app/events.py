"""Typed events by which a lower floor tells a higher one, handled in the same transaction.

``points`` may not import ``applications``; it publishes ``GrantSucceeded`` and whoever registered for it at start
changes the application before the transaction commits. A handler that raises undoes the whole transaction.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy.orm import Session


@dataclass(frozen=True)
class Event:
    """Base of all events; fields are ids and whole numbers only."""


E = TypeVar("E", bound=Event)
_handlers: dict[type[Event], list[Callable[[Session, Any], None]]] = defaultdict(list)


def subscribe(kind: type[E], handler: Callable[[Session, E], None]) -> None:
    """Register a handler; registering the same one again changes nothing, so that start-up may run twice."""
    if handler not in _handlers[kind]:
        _handlers[kind].append(handler)


def publish(session: Session, event: Event) -> None:
    """Run every handler of this event now, in the caller's transaction, in order of registration."""
    for handler in _handlers[type(event)]:
        handler(session, event)
