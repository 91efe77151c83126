"""The births of a child's family as staff read them from the municipal register (BR-29): days and order, no names.

Encrypted, one standing record for each child and municipality. A correction empties the one before it: that and by
whom it was made stays, the wrong days don't. Another municipality's records are never looked at.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app import clock
from app.db import new_id
from app.people.birth_order import Birth
from app.people.models import BirthRecord
from app.pii import Private, vault

MAX_SIBLINGS = 15
MAX_ORDER = 9
EARLIEST = date(1900, 1, 1)


@dataclass(frozen=True, slots=True)
class FamilyBirths:
    """The child's own birth and those of the siblings, living or counted by the register."""

    child: Birth
    siblings: tuple[Birth, ...]


@dataclass(frozen=True, slots=True)
class BirthsOnRecord:
    """A standing record for its reader."""

    births: FamilyBirths
    recorded_at: datetime
    recorded_by: str


class BirthsRefused(Exception):
    """Not recorded. ``reason``: a ``day`` that cannot be, an ``order`` out of bounds or given twice, ``too_many``.

    ``number``: which sibling, counted from 1; 0 for the child, ``None`` for all of them.
    """

    def __init__(self, reason: Literal["day", "order", "too_many"], number: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.number = number


def record_births(
    session: Session, person_id: UUID, municipality_code: str, births: FamilyBirths, *, recorded_by: str
) -> bool:
    """Keep them in the caller's transaction; False when the standing record says the same. Raises ``BirthsRefused``."""
    _check(births)
    standing = _standing(session, person_id, municipality_code, lock=True)
    if standing is not None:
        if _read(standing) == births:
            return False
        standing.replaced_at, standing.births_enc = clock.now(), b""
        session.flush()
    record_id = new_id()
    session.add(
        BirthRecord(
            id=record_id,
            person_id=person_id,
            municipality_code=municipality_code,
            births_enc=vault().encrypt(Private(_written(births)), _context(record_id)),
            recorded_at=clock.now(),
            recorded_by=recorded_by,
        )
    )
    session.flush()
    return True


def births_of(session: Session, person_id: UUID, municipality_code: str) -> BirthsOnRecord | None:
    """What this municipality's register says about the child's family; ``None`` while nobody has recorded it."""
    row = _standing(session, person_id, municipality_code)
    return None if row is None else BirthsOnRecord(_read(row), row.recorded_at, row.recorded_by)


def carry_over_births(session: Session, *, later: UUID, earlier: UUID) -> int:
    """Two records are one person: what only the later one has becomes the earlier one's (BR-15); returns how many."""
    known = {
        row.municipality_code
        for row in session.scalars(
            select(BirthRecord).where(BirthRecord.person_id == earlier, BirthRecord.replaced_at.is_(None))
        )
    }
    moved = 0
    found = select(BirthRecord).where(BirthRecord.person_id == later, BirthRecord.replaced_at.is_(None))
    for row in session.scalars(found).all():
        if row.municipality_code not in known:
            row.person_id = earlier
            moved += 1
    session.flush()
    return moved


def erase_births(session: Session, person_id: UUID, *, but_of: Collection[str] = ()) -> int:
    """Drop everything recorded about the family of a child; returns the rows.

    ``but_of``: the municipalities (codes) that still have a benefit which counts by it.
    """
    gone = (
        delete(BirthRecord)
        .where(BirthRecord.person_id == person_id, BirthRecord.municipality_code.not_in(but_of))
        .returning(BirthRecord.id)
    )
    return len(session.scalars(gone).all())


def _check(births: FamilyBirths) -> None:
    if len(births.siblings) > MAX_SIBLINGS:
        raise BirthsRefused("too_many")
    given: set[tuple[date, int]] = set()
    for number, one in enumerate((births.child, *births.siblings)):
        if not EARLIEST <= one.day <= clock.today():
            raise BirthsRefused("day", number)
        if one.register_order is None:
            continue
        if not 1 <= one.register_order <= MAX_ORDER or (one.day, one.register_order) in given:
            raise BirthsRefused("order", number)
        given.add((one.day, one.register_order))


def _standing(session: Session, person_id: UUID, municipality_code: str, *, lock: bool = False) -> BirthRecord | None:
    wanted = select(BirthRecord).where(
        BirthRecord.person_id == person_id,
        BirthRecord.municipality_code == municipality_code,
        BirthRecord.replaced_at.is_(None),
    )
    return session.scalar(wanted.with_for_update() if lock else wanted)


def _written(births: FamilyBirths) -> str:
    return json.dumps([[one.day.isoformat(), one.register_order] for one in (births.child, *births.siblings)])


def _read(row: BirthRecord) -> FamilyBirths:
    plain = vault().decrypt(row.births_enc, _context(row.id)).reveal()
    child, *siblings = (Birth(date.fromisoformat(day), order) for day, order in json.loads(plain))
    return FamilyBirths(child, tuple(siblings))


def _context(record_id: UUID) -> str:
    return f"birth_records.births:{record_id}"
