"""The line to each provider: closed for a while when it fails, and never used faster or wider than agreed.

The state is in PostgreSQL and shared by every worker and web process. It follows real time, because it protects a real
line: moving the demo's clock neither opens nor floods one.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app import clock, db
from app.payments.gateways import GatewayError, GatewayUnavailable, LineLimits, limits_of
from app.payments.models import ProviderLine, ProviderSlot

# So many calls without an answer, one after another, close the line.
FAILURES_BEFORE_CLOSING = 5
# How long it stays closed the first time, the second time in a row, and so on; the last repeats.
PAUSES = tuple(timedelta(seconds=s) for s in (10, 30, 60, 120, 300))
# While one call tries a closed line again, no other does. Longer than any call takes.
PROBE_LEASE = timedelta(seconds=90)
# A call whose process died gives its place back after this time.
SLOT_LEASE = timedelta(seconds=90)
BUSY_WAIT = timedelta(seconds=1)
_JITTER_STEPS = 1_000


class WhyBusy(StrEnum):
    """Why a call must wait."""

    CLOSED = "closed"
    HELD = "held"
    MAINTENANCE = "maintenance"
    RATE = "rate"
    CONCURRENCY = "concurrency"


class LineBusy(Exception):
    """The line can't be used now; nothing was sent. ``wait`` says when to try again."""

    def __init__(self, why: WhyBusy, wait: timedelta) -> None:
        super().__init__(str(why))
        self.why = why
        self.wait = wait


@dataclass(frozen=True)
class Permit:
    """The right to make one call now; to be given back with what became of it."""

    provider_id: str
    id: UUID
    is_probe: bool


@dataclass(frozen=True)
class LineView:
    """A provider's line for staff."""

    provider_id: str
    is_open: bool
    failures: int
    closed_until: datetime | None
    held_since: datetime | None
    held_note: str | None


def take_line(session: Session, provider_id: str, *, new_order: bool) -> Permit:
    """The right to one call, in the caller's transaction and best as its last step: the line's row stays locked.

    Raises ``LineBusy`` while the line is closed, too many calls are under way, or too many were made; while staff hold
    it, for new orders only, so that what was sent can still be asked about.
    """
    now, limits = clock.real_now(), limits_of(provider_id)
    line = _locked(session, provider_id, now)
    if new_order and line.held_since is not None:
        raise LineBusy(WhyBusy.HELD, PAUSES[-1])
    if line.closed_until is not None and now < line.closed_until:
        raise LineBusy(WhyBusy.CLOSED, line.closed_until - now)
    permit = Permit(provider_id, db.new_id(), is_probe=line.closed_until is not None)
    _take_slot(session, permit, limits, now)
    _count(line, limits, now)
    if permit.is_probe:
        line.closed_until = now + PROBE_LEASE
    session.flush()
    return permit


def give_back(permit: Permit, *, answered: bool) -> None:
    """End a call. An answer opens the line; silence counts, and enough of it closes the line for a while."""
    with db.transaction() as session:
        # The line before the slot, as in take_line.
        if answered:
            # Touches the row only where there is something to forget: a good line is not written at each call.
            session.execute(
                update(ProviderLine)
                .where(ProviderLine.provider_id == permit.provider_id, ProviderLine.failures > 0)
                .values(failures=0, times_closed=0, closed_until=None)
            )
        else:
            _note_silence(session, permit)
        session.execute(
            update(ProviderSlot)
            .where(ProviderSlot.provider_id == permit.provider_id, ProviderSlot.taken_by == permit.id)
            .values(taken_by=None, taken_until=None)
        )


@contextmanager
def on_line(provider_id: str) -> Iterator[None]:
    """One call that is no grant order, while the person waits. ``GatewayUnavailable`` at once when the line is busy."""
    try:
        with db.transaction() as session:
            permit = take_line(session, provider_id, new_order=False)
    except LineBusy as busy:
        raise GatewayUnavailable(f"the line to {provider_id} is busy: {busy.why}") from None
    answered = False
    try:
        yield
        answered = True
    except GatewayError:
        raise
    except BaseException:
        answered = True  # our own fault says nothing about the line
        raise
    finally:
        give_back(permit, answered=answered)


def hold_line(provider_id: str, note: str) -> None:
    """Staff stop new orders to a provider until ``resume_line``; open ones are still asked about."""
    with db.transaction() as session:
        line = _locked(session, provider_id, clock.real_now())
        line.held_since, line.held_note = line.held_since or clock.real_now(), note


def resume_line(provider_id: str) -> None:
    """Let new orders go out again, and try a closed line at once."""
    with db.transaction() as session:
        line = _locked(session, provider_id, clock.real_now())
        line.held_since = line.held_note = None
        if line.closed_until is not None:
            line.closed_until = clock.real_now()


def is_held(session: Session, provider_id: str) -> bool:
    """True while staff hold new orders to this provider."""
    line = session.get(ProviderLine, provider_id)
    return line is not None and line.held_since is not None


def line_views(session: Session) -> list[LineView]:
    """Every line that was ever used, by provider."""
    now = clock.real_now()
    return [
        LineView(
            line.provider_id,
            line.held_since is None and (line.closed_until is None or line.closed_until <= now),
            line.failures,
            line.closed_until,
            line.held_since,
            line.held_note,
        )
        for line in session.scalars(select(ProviderLine).order_by(ProviderLine.provider_id))
    ]


def jittered(pause: timedelta) -> timedelta:
    """The pause and up to a quarter more, so that those who failed together don't come back together."""
    return pause + pause * secrets.randbelow(_JITTER_STEPS) / (4 * _JITTER_STEPS)


def _note_silence(session: Session, permit: Permit) -> None:
    now = clock.real_now()
    line = _locked(session, permit.provider_id, now)
    line.failures += 1
    if permit.is_probe or line.failures >= FAILURES_BEFORE_CLOSING:
        line.closed_until = now + jittered(PAUSES[min(line.times_closed, len(PAUSES) - 1)])
        line.times_closed += 1
    session.flush()


def _locked(session: Session, provider_id: str, now: datetime) -> ProviderLine:
    query = select(ProviderLine).where(ProviderLine.provider_id == provider_id)
    query = query.with_for_update().execution_options(populate_existing=True)
    line = session.scalar(query)
    if line is None:
        fresh = insert(ProviderLine).values(provider_id=provider_id, failures=0, times_closed=0, next_call_at=now)
        session.execute(fresh.on_conflict_do_nothing())
        line = session.scalars(query).one()
    return line


def _take_slot(session: Session, permit: Permit, limits: LineLimits, now: datetime) -> None:
    slots = {
        slot.slot: slot
        for slot in session.scalars(select(ProviderSlot).where(ProviderSlot.provider_id == permit.provider_id))
    }
    for number in range(1, limits.max_concurrent + 1):
        slot = slots.get(number)
        if slot is None:
            slot = ProviderSlot(provider_id=permit.provider_id, slot=number)
            session.add(slot)
        elif slot.taken_until is not None and slot.taken_until > now:
            continue
        slot.taken_by, slot.taken_until = permit.id, now + SLOT_LEASE
        return
    raise LineBusy(WhyBusy.CONCURRENCY, BUSY_WAIT)


def _count(line: ProviderLine, limits: LineLimits, now: datetime) -> None:
    """One second's worth of calls may go at once; after that each waits for its place in the row."""
    interval = timedelta(seconds=1) / limits.calls_per_second
    due = max(line.next_call_at, now)
    ahead = due - now - (timedelta(seconds=1) - interval)
    if ahead > timedelta(0):
        raise LineBusy(WhyBusy.RATE, ahead)
    line.next_call_at = due + interval
