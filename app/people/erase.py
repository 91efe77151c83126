"""Erasing what makes a person known: the keys. The readings of cards go by ``erase_facts``; the random id stays."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.people.models import Person, PersonKey


def lock_person(session: Session, person_id: UUID) -> bool:
    """Hold the person until the transaction ends; False when there is none."""
    return session.scalar(select(Person.id).where(Person.id == person_id).with_for_update()) is not None


def keys_of(session: Session, person_id: UUID) -> list[bytes]:
    """The person keys: what finds the same card again."""
    return list(session.scalars(select(PersonKey.key).where(PersonKey.person_id == person_id)))


def forget_keys(session: Session, person_id: UUID) -> int:
    """Drop the person keys: the same card would be somebody new. Returns how many."""
    gone = delete(PersonKey).where(PersonKey.person_id == person_id).returning(PersonKey.key)
    return len(session.scalars(gone).all())
