"""Erasing the rows of recipient lists that applications were matched to, in every version."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import delete, select, tuple_
from sqlalchemy.orm import Session

from app.lists.models import ListClaim, ListRow, ListToken, ListVersion


def erase_rows_of(session: Session, applications: Collection[tuple[str, UUID]]) -> int:
    """Drop the rows, what they were found by, and the claims; returns how many rows."""
    if not applications:
        return 0
    claimed = tuple_(ListClaim.policy_id, ListClaim.application_id).in_(list(applications))
    rows = session.execute(
        select(ListRow.version_id, ListRow.row_no)
        .join(ListVersion, ListVersion.id == ListRow.version_id)
        .join(ListClaim, (ListClaim.list_id == ListVersion.list_id) & (ListClaim.identity == ListRow.identity))
        .where(claimed)
    ).all()
    for version_id, row_no in rows:
        for table in (ListToken, ListRow):
            session.execute(delete(table).where(table.version_id == version_id, table.row_no == row_no))
    session.execute(delete(ListClaim).where(claimed))
    return len(rows)
