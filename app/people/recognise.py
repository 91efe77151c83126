"""Who a card belongs to: the person of this certificate, or a new one, and whether somebody alike is known already."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app import clock
from app.db import new_id
from app.people.models import Person, PersonFacts, PersonKey
from app.people.names import fold_for_fingerprint
from app.pii import Private, vault


@dataclass(frozen=True)
class FourItems:
    """The four items of information exactly as the card gave them (card.md 3.2); never printed."""

    name: Private
    address: Private
    birth_date: Private
    sex: Private


@dataclass(frozen=True)
class Recognition:
    """``looks_like_another`` is a suspicion of a duplicate (BR-14), never a refusal."""

    person_id: UUID
    is_new: bool
    fingerprint: bytes
    looks_like_another: bool


def person_key(certificate_der: bytes) -> bytes:
    """HMAC(index key, SHA-256(certificate DER)), architecture.md section 4."""
    return vault().index("person_key", hashlib.sha256(certificate_der).digest())


def fingerprint_of(items: FourItems) -> bytes:
    """Keyed hash of folded name, birth date and sex; the address is left out because it changes."""
    folded = fold_for_fingerprint(items.name.reveal())
    text = "\0".join((folded, items.birth_date.reveal(), items.sex.reveal()))
    return vault().index("fingerprint", text.encode())


def recognise(session: Session, certificate_der: bytes, items: FourItems) -> Recognition:
    """Find or make the person of this certificate and keep the four items as received."""
    key = person_key(certificate_der)
    fingerprint = fingerprint_of(items)
    person_id = session.scalar(select(PersonKey.person_id).where(PersonKey.key == key))
    is_new = person_id is None
    if person_id is None:
        person_id = _create(session, key)
    _keep_facts(session, person_id, items, fingerprint)
    alike = select(PersonFacts.person_id).where(
        PersonFacts.fingerprint == fingerprint, PersonFacts.person_id != person_id
    )
    return Recognition(person_id, is_new, fingerprint, session.scalar(alike.limit(1)) is not None)


def _create(session: Session, key: bytes) -> UUID:
    """Two readings of one new card at the same moment make one person: the key decides."""
    person_id = new_id()
    session.add(Person(id=person_id, created_at=clock.now()))
    session.flush()
    claim = (
        insert(PersonKey)
        .values(key=key, person_id=person_id, first_seen_at=clock.now())
        .on_conflict_do_nothing()
        .returning(PersonKey.person_id)
    )
    if session.scalar(claim) is not None:
        return person_id
    session.delete(session.get_one(Person, person_id))
    return session.scalars(select(PersonKey.person_id).where(PersonKey.key == key)).one()


def _keep_facts(session: Session, person_id: UUID, items: FourItems, fingerprint: bytes) -> None:
    values: dict[str, object] = {
        f"{field}_enc": vault().encrypt(getattr(items, field), f"person_facts.{field}:{person_id}")
        for field in ("name", "address", "birth_date", "sex")
    }
    values |= {"fingerprint": fingerprint, "received_at": clock.now()}
    statement = insert(PersonFacts).values(person_id=person_id, **values)
    session.execute(statement.on_conflict_do_update(index_elements=["person_id"], set_=values))


def facts_of(session: Session, person_id: UUID) -> FourItems | None:
    """The four items of a person, decrypted; None when they were never received or are erased."""
    row = session.get(PersonFacts, person_id)
    if row is None:
        return None
    return FourItems(
        **{
            field: vault().decrypt(getattr(row, f"{field}_enc"), f"person_facts.{field}:{person_id}")
            for field in ("name", "address", "birth_date", "sex")
        }
    )


def fingerprint_on_file(session: Session, person_id: UUID) -> bytes:
    """The fingerprint of a recognised person."""
    return session.scalars(select(PersonFacts.fingerprint).where(PersonFacts.person_id == person_id)).one()
