"""The fault switch: makes the next requests slow, broken or silent, so that todoke can be tested against it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import wraps
from typing import TypeVar

from flask import Response, current_app, g, jsonify

MAX_SECONDS = 60.0
MAX_COUNT = 10_000


class FaultKind(StrEnum):
    """What goes wrong."""

    DELAY_BEFORE = "delay_before"
    DELAY_AFTER = "delay_after"
    ERROR_500 = "error_500"
    TIMEOUT_AFTER_DOING = "timeout_after_doing"
    TIMEOUT_BEFORE_DOING = "timeout_before_doing"
    MAINTENANCE = "maintenance"
    # What the provider decides about an order, whatever it holds.
    REFUSES_MINOR = "refuses_minor"
    BALANCE_CAP = "balance_cap"
    # How its call-backs go wrong (operation call_back).
    DUPLICATE = "duplicate"
    OUT_OF_ORDER = "out_of_order"
    CONTRADICTORY = "contradictory"
    FORGED = "forged"
    LATE = "late"
    LOST = "lost"
    # How its files go wrong (operations grant_file and result_file; also lost, duplicate, contradictory).
    WRONG_TOTAL = "wrong_total"
    PARTIAL = "partial"


@dataclass(frozen=True)
class Fault:
    """One kind of fault; a time-out is a wait of ``seconds`` and then an answer that nobody waits for (504)."""

    kind: FaultKind
    seconds: float


_WAITS_BEFORE = frozenset({FaultKind.DELAY_BEFORE, FaultKind.TIMEOUT_BEFORE_DOING})
_WAITS_AFTER = frozenset({FaultKind.DELAY_AFTER, FaultKind.TIMEOUT_AFTER_DOING})
_NEVER_DONE = {FaultKind.ERROR_500: 500, FaultKind.TIMEOUT_BEFORE_DOING: 504, FaultKind.MAINTENANCE: 503}
# The reason that a provider gives when it refuses an order.
DECISIONS = {FaultKind.REFUSES_MINOR: "minor", FaultKind.BALANCE_CAP: "balance_cap"}


class FaultSwitch:
    """Which fault strikes how many more requests of which operation."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._armed: dict[str, tuple[Fault, int]] = {}

    def arm(self, operation: str, fault: Fault, count: int) -> None:
        """Strike the next ``count`` requests of this operation."""
        with self._lock:
            self._armed[operation] = (fault, count)

    def disarm(self) -> None:
        """Everything works again."""
        with self._lock:
            self._armed.clear()

    def take(self, operation: str) -> Fault | None:
        """The fault that strikes this request, if any."""
        with self._lock:
            fault, left = self._armed.pop(operation, (None, 0))
            if fault is not None and left > 1:
                self._armed[operation] = (fault, left - 1)
            return fault


OPERATIONS = frozenset({"send", "inquire", "close", "verify", "call_back", "grant_file", "result_file"})
View = TypeVar("View", bound=Callable[..., Response])


def may_fail(operation: str) -> Callable[[View], Callable[..., Response]]:
    """Let the fault switch strike a view."""

    def decorate(view: View) -> Callable[..., Response]:
        @wraps(view)
        def inner(*args: object, **kwargs: object) -> Response:
            switch: FaultSwitch = current_app.extensions["faults"]
            fault = switch.take(operation)
            if fault is not None and fault.kind in DECISIONS:
                g.decision = DECISIONS[fault.kind]
            if fault is None:
                return view(*args, **kwargs)
            if fault.kind in _WAITS_BEFORE:
                time.sleep(fault.seconds)
            if fault.kind in _NEVER_DONE:
                return _broken(_NEVER_DONE[fault.kind])
            response = view(*args, **kwargs)
            if fault.kind in _WAITS_AFTER:
                time.sleep(fault.seconds)
            return _broken(504) if fault.kind is FaultKind.TIMEOUT_AFTER_DOING else response

        return inner

    return decorate


def _broken(status: int) -> Response:
    response = jsonify(error="simulated fault")
    response.status_code = status
    return response
