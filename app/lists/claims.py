"""Which rows were used by whom, who loaded what, and one row for the staff who decide."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.orm import Session

from app import audit, clock
from app.errors import DomainError
from app.lists.layout import NAMES, SEPARATOR
from app.lists.models import ListClaim, ListRow, ListVersion, RecipientList
from app.lists.store import content_context
from app.pii import Private, vault


@dataclass(frozen=True, slots=True)
class ListView:
    """A registered list with the version that counts; ``None`` and 0 while nothing was loaded."""

    list_id: str
    policy_id: str
    municipality_code: str
    kind: str
    version: int | None
    rows: int


def lists_of(session: Session, policy_id: str) -> list[ListView]:
    """The lists of a policy, by id."""
    query = (
        select(RecipientList, ListVersion.version, ListVersion.row_count)
        .outerjoin(ListVersion, ListVersion.list_id == RecipientList.list_id)
        .where(RecipientList.policy_id == policy_id)
        .order_by(RecipientList.list_id, ListVersion.version.desc())
        .ext(distinct_on(RecipientList.list_id))
    )
    return [
        ListView(found.list_id, found.policy_id, found.municipality_code, found.kind, version, rows or 0)
        for found, version, rows in session.execute(query)
    ]


def claim_row(session: Session, row_id: str, *, policy_id: str, application_id: UUID) -> None:
    """Note that an application was matched to this row, so that a later version can't lose it unseen (E605).

    Again for the same application replaces the row. ``LookupError`` for a row that does not exist.
    """
    found = _row(session, row_id)
    list_id = session.scalars(select(ListVersion.list_id).where(ListVersion.id == found.version_id)).one()
    values = {"identity": found.identity, "claimed_at": clock.now()}
    statement = insert(ListClaim).values(policy_id=policy_id, application_id=application_id, list_id=list_id, **values)
    session.execute(
        statement.on_conflict_do_update(index_elements=["policy_id", "application_id", "list_id"], set_=values)
    )


def claimed_by(session: Session, row_id: str, *, policy_id: str) -> frozenset[UUID]:
    """Applications of a policy that were matched to the same row, in whichever version of the list."""
    found = _row(session, row_id)
    query = (
        select(ListClaim.application_id)
        .join(ListVersion, ListVersion.list_id == ListClaim.list_id)
        .where(
            ListVersion.id == found.version_id,
            ListClaim.identity == found.identity,
            ListClaim.policy_id == policy_id,
        )
    )
    return frozenset(session.scalars(query))


def read_row(session: Session, row_id: str, *, staff: str, reason: str) -> dict[str, Private]:
    """The cells of one row as received, by the identifiers of ``layout.COLUMNS``, for the person who decides.

    Each look is kept in the audit with who and why; without a reason it is refused (``ValueError``, BR-60).
    """
    if not reason.strip():
        raise ValueError("looking at a row needs a reason")
    found = _row(session, row_id)
    content = vault().decrypt(found.content_enc, content_context(found.version_id, found.row_no)).reveal()
    audit.record(
        session,
        "list.row_read",
        actor_kind="staff",
        actor=staff,
        object_kind="list_row",
        object_id=row_id,
        facts={"reason": reason},
    )
    return {name: Private(cell) for name, cell in zip(NAMES, content.split(SEPARATOR), strict=True)}


def loaders_of(session: Session, policy_id: str) -> frozenset[str]:
    """Everybody who loaded a version of any list of the policy."""
    query = (
        select(ListVersion.loaded_by)
        .join(RecipientList, RecipientList.list_id == ListVersion.list_id)
        .where(RecipientList.policy_id == policy_id)
    )
    return frozenset(session.scalars(query))


def refuse_loader(session: Session, policy_id: str, actor: str) -> None:
    """Raise ``DomainError("E611")`` when who wants to approve a payment of the policy has loaded a list of it."""
    if actor in loaders_of(session, policy_id):
        raise DomainError("E611")


def _row(session: Session, row_id: str) -> ListRow:
    version_id, _, row_no = row_id.partition("-")
    found = session.get(ListRow, (int(version_id), int(row_no)))
    if found is None:
        raise LookupError(f"no row {row_id}")
    return found
