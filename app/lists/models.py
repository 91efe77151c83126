"""Tables of recipient and exclusion lists: the list, its unchangeable versions, their rows, and what finds a row.

A row's content is one encrypted value. Beside it stand keyed tokens, from which nobody without the index key learns
anything and with which matching works without reading any row (BR-67; docs/decisions/0006).
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Identity, Index, Integer, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base

KINDS = ("recipients", "exclusions")


class RecipientList(Base):
    """One list of one policy: who may receive (付与対象者名簿) or who must not (除外名簿)."""

    __tablename__ = "recipient_lists"
    __table_args__ = (
        CheckConstraint(f"kind IN ({', '.join(map(repr, KINDS))})", name="kind_is_known"),
        Index("ix_recipient_lists_policy_id", "policy_id"),
    )

    list_id: Mapped[str] = mapped_column(primary_key=True)
    policy_id: Mapped[str] = mapped_column(ForeignKey("policies.policy_id"))
    municipality_code: Mapped[str]
    kind: Mapped[str]


class ListVersion(Base):
    """One load of a list; the newest counts. Never changed, so that a decision can name what it was made from."""

    __tablename__ = "list_versions"
    __table_args__ = (
        UniqueConstraint("list_id", "version"),
        CheckConstraint("version >= 1", name="versions_count_from_one"),
        CheckConstraint("row_count >= 0", name="row_count"),
        CheckConstraint("loaded_by <> ''", name="somebody_loaded_it"),
    )

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    list_id: Mapped[str] = mapped_column(ForeignKey("recipient_lists.list_id"))
    version: Mapped[int]
    loaded_at: Mapped[datetime]
    loaded_by: Mapped[str]
    file_digest: Mapped[bytes]
    row_count: Mapped[int]
    added: Mapped[int]
    changed: Mapped[int]
    removed: Mapped[int]


class ListRow(Base):
    """One row of a version, numbered as in its file (the heading is row 1).

    ``identity`` says which row of the next version is the same one: the control number, or the person where there is
    none. ``person`` is the same for two rows that say the same of a person; ``digest`` for rows without a difference.

    No foreign key: looked up a million times in one load it would cost more than the load. Rows come in the one
    transaction that inserts their version, and from nowhere else.
    """

    __tablename__ = "list_rows"

    version_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    row_no: Mapped[int] = mapped_column(Integer, primary_key=True)
    identity: Mapped[int]
    person: Mapped[int]
    digest: Mapped[int]
    marked: Mapped[bool]
    content_enc: Mapped[bytes]


class ListToken(Base):
    """What a row is found by. ``detail`` is what must fit as well for the match to be a strong one (see tokens)."""

    __tablename__ = "list_tokens"

    version_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    token: Mapped[int] = mapped_column(primary_key=True)
    row_no: Mapped[int] = mapped_column(Integer, primary_key=True)
    detail: Mapped[int | None]


class ListClaim(Base):
    """Which row of a list an application was matched to; outlives the version, as ``identity`` does (BR-72, E605)."""

    __tablename__ = "list_claims"
    __table_args__ = (
        ForeignKeyConstraint(["list_id"], ["recipient_lists.list_id"]),
        Index("ix_list_claims_list_id_identity", "list_id", "identity"),
    )

    policy_id: Mapped[str] = mapped_column(primary_key=True)
    application_id: Mapped[UUID] = mapped_column(primary_key=True)
    list_id: Mapped[str] = mapped_column(primary_key=True)
    identity: Mapped[int]
    claimed_at: Mapped[datetime]
