"""Typed events by which a lower floor tells a higher one, handled in the same transaction.

``points`` may not import ``applications``; it publishes ``GrantSucceeded`` and whoever registered for it at start
changes the application before the transaction commits. A handler that raises undoes the whole transaction.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy.orm import Session


@dataclass(frozen=True)
class Event:
    """Base of all events; fields are ids and whole numbers only."""


E = TypeVar("E", bound=Event)
_handlers: dict[type[Event], list[Callable[[Session, Any], None]]] = defaultdict(list)
_take_many: set[Callable[[Session, Any], None]] = set()


def subscribe(kind: type[E], handler: Callable[[Session, E], None]) -> None:
    """Register a handler; registering the same one again changes nothing, so that start-up may run twice."""
    if handler not in _handlers[kind]:
        _handlers[kind].append(handler)


def subscribe_to_many(kind: type[E], handler: Callable[[Session, Sequence[E]], None]) -> None:
    """The same for a handler that takes all events that happen together: mostly one, up to a thousand in bulk."""
    _take_many.add(handler)
    subscribe(kind, handler)  # type: ignore[arg-type]  # publish knows which handlers take many


def publish(session: Session, *happened: Event) -> None:
    """Run every handler of these events, all of one kind, now, in the caller's transaction, in order of
    registration."""
    if not happened:
        return
    for handler in _handlers[type(happened[0])]:
        if handler in _take_many:
            handler(session, happened)
        else:
            for event in happened:
                handler(session, event)
