"""Processes without requests follow the simulated clock of a demo: a thread looks every few seconds."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import structlog
from sqlalchemy.exc import SQLAlchemyError

from app import clock, db

log = structlog.get_logger(__name__)


def follow_clock(moved: Callable[[], None]) -> None:
    """Where time is simulated, keep it current in this process and call ``moved`` after each look."""
    if not clock.is_simulated():
        return
    moved()
    threading.Thread(target=_follow, args=(moved,), name="simulated-clock", daemon=True).start()


def _follow(moved: Callable[[], None]) -> None:
    while True:
        time.sleep(clock.REFRESH_SECONDS)
        try:
            with db.reading() as session:
                clock.load(session)
        except SQLAlchemyError:
            log.warning("the simulated clock could not be read")
        moved()
