"""The last results of the nightly comparison, for the operations page and the metrics."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import audit, clock
from app.points.invariants import Difference, check_invariants
from app.points.models import InvariantCheck

SHOWN = 200


@dataclass(frozen=True)
class Checked:
    """A comparison as it was recorded; ``differences`` counts all, ``named`` holds the first of them."""

    at: datetime
    differences: int
    named: tuple[Difference, ...]


def check_and_record(session: Session) -> list[Difference]:
    """Compare everything and keep the result; every difference, and the first seal of the audit log that is broken."""
    found = check_invariants(session, None)
    broken = audit.first_broken_seal(session)
    if broken is not None:
        found.append(Difference("audit", f"audit seal {broken} against its events", 0, 1))
    session.add(
        InvariantCheck(checked_at=clock.now(), differences=len(found), named=[asdict(one) for one in found[:SHOWN]])
    )
    return found


def last_check(session: Session) -> Checked | None:
    """The latest recorded comparison, or None before the first."""
    row = session.scalar(select(InvariantCheck).order_by(InvariantCheck.id.desc()).limit(1))
    if row is None:
        return None
    return Checked(row.checked_at, row.differences, tuple(Difference(**one) for one in row.named))
