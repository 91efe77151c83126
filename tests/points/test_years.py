"""BR-48: what a person was granted, by the year in Japan of the grant."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import update

from app import db, points
from app.points.models import Grant
from app.points.states import GrantState
from tests.points.conftest import POLICY, approve


def _granted(account: str, amount: int, at: datetime, state: GrantState = GrantState.GRANTED) -> tuple[str, object]:
    approved = approve(account)
    with db.transaction() as session:
        session.execute(
            update(Grant).where(Grant.id == approved.grant_id).values(amount=amount, granted_at=at, state=state)
        )
    return POLICY, approved.application_id


def test_br_48_points_are_totalled_by_the_year_of_their_grant_in_japan(policy):
    keys = [
        _granted("1000000000001", 10_000, datetime(2026, 11, 20, tzinfo=UTC)),
        _granted("1000000000002", 3_000, datetime(2026, 1, 1, tzinfo=UTC)),
        _granted("1000000000003", 2_000, datetime(2026, 12, 31, 14, 59, tzinfo=UTC), GrantState.RECEIVED),
        _granted("1000000000004", 5_000, datetime(2026, 12, 31, 15, 0, tzinfo=UTC)),  # 2027 in Japan
        _granted("1000000000005", 7_000, datetime(2026, 6, 1, tzinfo=UTC), GrantState.REVERSED),
        (POLICY, approve("1000000000006").application_id),
    ]
    with db.reading() as session:
        assert points.received_by_year(session, keys) == {2027: 5_000, 2026: 15_000}
        assert points.received_by_year(session, keys[:1]) == {2026: 10_000}
