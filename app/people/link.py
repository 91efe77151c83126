"""Two records that are one human being: the certificate was renewed, and staff know that it is the same person."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.people.models import Person, PersonFacts, PersonKey


@dataclass(frozen=True)
class KeysLinked:
    """How much went over to the earlier record."""

    keys: int
    readings: int


def has_key(session: Session, person_id: UUID) -> bool:
    """Whether a card of this person was ever read; false for a record that was made from a paper alone."""
    return session.scalar(select(PersonKey.key).where(PersonKey.person_id == person_id).limit(1)) is not None


def pass_readings(session: Session, *, paper: UUID, holder: UUID) -> int:
    """What stood on a paper is the card holder's from here on, to be erased with the rest; returns how many readings.

    The paper's record stays, without anything. ``ValueError`` for one that has a key: that one is somebody's own.
    """
    if paper == holder or has_key(session, paper):
        raise ValueError("only the record of a paper is passed on")
    passed = (
        update(PersonFacts)
        .where(PersonFacts.person_id == paper)
        .values(person_id=holder)
        .returning(PersonFacts.id)
        .execution_options(synchronize_session=False)
    )
    return len(session.execute(passed).all())


def link_key(session: Session, *, later: UUID, earlier: UUID) -> KeysLinked:
    """Chain the later record's person keys, and what was read with them, to the earlier record (BR-15).

    From here on the renewed card is the earlier person. The later record stays, without a key. ``LookupError`` for an
    unknown person, ``ValueError`` for one and the same.
    """
    if later == earlier:
        raise ValueError("one record can't be linked to itself")
    # In the order of ids, so that two who link the same pair the other way round don't wait for each other.
    both = select(Person.id).where(Person.id.in_((later, earlier))).order_by(Person.id).with_for_update()
    if len(session.scalars(both).all()) != len((later, earlier)):
        raise LookupError("no such person")
    keys = session.execute(
        update(PersonKey)
        .where(PersonKey.person_id == later)
        .values(person_id=earlier)
        .returning(PersonKey.key)
        .execution_options(synchronize_session=False)
    )
    readings = session.execute(
        update(PersonFacts)
        .where(PersonFacts.person_id == later)
        .values(person_id=earlier)
        .returning(PersonFacts.id)
        .execution_options(synchronize_session=False)
    )
    return KeysLinked(len(keys.all()), len(readings.all()))
