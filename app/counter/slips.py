"""紙の受付票 (E804): while the terminal is away, staff write the time on the paper. It is taken over with a reason.

A time written by hand could be any time, so it has bounds: not in the future, not before the policy began, not from
long ago, and while the office was open. Who received the paper and who copies it in are named, and a reviewer who is
neither of them sees the reason beside the application (four eyes).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app import applications, clock, organisations, settings
from app.business_days import is_business_day
from app.counter.models import PaperSlip
from app.counter.tickets import USABLE_FOR
from app.errors import DomainError
from app.my_number import looks_like_my_number
from app.organisations import SignedInStaff
from app.policies import PolicyView

MAX_NOTE = 200
ERASED = "消去済み"


class SlipReason(StrEnum):
    """Why there was no ticket."""

    OFFLINE = "offline"
    READER_AWAY = "reader_away"
    POWER_CUT = "power_cut"
    OTHER = "other"


class SlipRefused(ValueError):
    """A time that cannot be taken over; ``field`` is what is wrong, ``why`` which bound it breaks."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(f"{field}: {why}")
        self.field = field
        self.why = why


@dataclass(frozen=True)
class SlipOnPaper:
    """What staff wrote on the paper when they received it, and why it has no ticket."""

    policy_id: str
    written_at: datetime
    received_by: str
    reason: SlipReason
    note: str


def check_slip(session: Session, staff: SignedInStaff, policy: PolicyView, slip: SlipOnPaper) -> None:
    """Raise ``SlipRefused`` for a time out of bounds, an unknown receiver or a missing reason; E309 for a My Number."""
    if looks_like_my_number(slip.note):
        raise DomainError("E309")
    if len(slip.note) > MAX_NOTE or not slip.note.isprintable():
        raise SlipRefused("note", "too_long")
    if slip.reason is SlipReason.OTHER and not slip.note.strip():
        raise SlipRefused("note", "missing")
    receiver = organisations.get_staff(session, slip.received_by)
    if receiver is None or receiver.municipality_code != staff.municipality_code:
        raise SlipRefused("received_by", "unknown")
    _check_time(policy, slip.written_at)


def _check_time(policy: PolicyView, written_at: datetime) -> None:
    now, local, office = clock.now(), clock.local(written_at), settings.current()
    if written_at > now:
        raise SlipRefused("written_time", "future")
    if written_at < policy.document.window.apply_from:
        raise SlipRefused("written_day", "before_the_policy")
    if written_at < now - USABLE_FOR:
        raise SlipRefused("written_day", "long_ago")
    if not is_business_day(local.date()) and not office.counter_open_on_holidays:
        raise SlipRefused("written_day", "closed_that_day")
    if not office.counter_opens <= local.time() <= office.counter_closes:
        raise SlipRefused("written_time", "closed_then")


def keep_slip(
    session: Session, entry_id: UUID, staff: SignedInStaff, slip: SlipOnPaper, application_id: UUID
) -> PaperSlip:
    """The slip, with the application in whose transaction this is; one for each form that was sent."""
    row = PaperSlip(
        id=entry_id,
        municipality_code=staff.municipality_code,
        policy_id=slip.policy_id,
        terminal_id=staff.terminal_id,
        staff_id=staff.staff_id,
        received_by=slip.received_by,
        written_at=slip.written_at,
        reason=slip.reason,
        note=slip.note.strip(),
        entered_at=clock.now(),
        application_id=application_id,
    )
    session.add(row)
    session.flush()
    return row


def slip_entered(session: Session, entry_id: UUID) -> PaperSlip | None:
    """The slip of this form, if it was sent before."""
    return session.scalar(select(PaperSlip).where(PaperSlip.id == entry_id))


def forget_notes_of(session: Session, person_id: UUID) -> int:
    """What staff added in words to the slips of an erased person is gone; time, reason and hands stay (BR-65)."""
    own = [one.application_id for one in applications.standing_of(session, person_id)]
    said = update(PaperSlip).where(PaperSlip.application_id.in_(own), PaperSlip.note != "").values(note=ERASED)
    return len(session.execute(said.returning(PaperSlip.id)).all())
