"""A person is a random id; names, addresses and birth dates live here alone, encrypted, as received (BR-69)."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, new_id


class Person(Base):
    """The record that stands for one human being, known by keys only."""

    __tablename__ = "persons"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    created_at: Mapped[datetime]


class PersonKey(Base):
    """One person key: HMAC over the digest of a certificate. A person may have a history of them (BR-15)."""

    __tablename__ = "person_keys"

    key: Mapped[bytes] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"), index=True)
    first_seen_at: Mapped[datetime]


class PersonFacts(Base):
    """The four items of information of one reading, encrypted, and the fingerprint that finds duplicates (BR-14).

    Evidence names its own row, so that a later reading, believed less, never speaks in the name of an earlier one.
    """

    __tablename__ = "person_facts"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"), index=True)
    name_enc: Mapped[bytes]
    address_enc: Mapped[bytes]
    birth_date_enc: Mapped[bytes]
    sex_enc: Mapped[bytes]
    fingerprint: Mapped[bytes] = mapped_column(index=True)
    received_at: Mapped[datetime]


class BirthRecord(Base):
    """What the register said about the family of one child, when, and who read it."""

    __tablename__ = "birth_records"
    __table_args__ = (
        CheckConstraint("replaced_at IS NULL OR octet_length(births_enc) = 0", name="replaced_is_empty"),
        Index(
            "uq_birth_records_standing",
            "person_id",
            "municipality_code",
            unique=True,
            postgresql_where=text("replaced_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    municipality_code: Mapped[str]
    births_enc: Mapped[bytes]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]
    replaced_at: Mapped[datetime | None] = mapped_column(default=None)
