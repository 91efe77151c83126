"""No column outlives the person: every one that can hold something is filled, and empty of it after erasing (BR-65)."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest
from sqlalchemy import JSON, Date, LargeBinary, Text, text
from sqlalchemy.exc import DBAPIError

from app import cards, clock, db, people, retention
from app.applications.models import Application
from app.db import Base
from tests.applications.applicants import applicant
from tests.retention.columns import KEPT, OF_A_DRAFT, OF_A_VISIT, PERSONAL, columns
from tests.retention.everything import TOWN, judged_elsewhere, leave_everything, values_of
from tests.retention.test_erase import ADDRESS, BORN, LONG_AGO_ENOUGH, NAME, granted, open_policy

pytestmark = pytest.mark.usefixtures("installation")

CARD = b"one card"
OF_NOBODY = {"rebate_put_aside.content", "rebate_put_aside.digest", "rebate_put_aside_decisions.note"}
"""What a provider told of another provider's service names nobody that could be found; it goes with the policy."""


def test_every_column_is_known(database: str) -> None:
    """The database itself is asked, so that a table without a model counts, too."""
    lists = [PERSONAL, OF_A_DRAFT, OF_A_VISIT, *KEPT.values()]
    known = columns(*lists)
    assert sum(len(columns(one)) for one in lists) == len(known), "a column is in two lists"
    free = "data_type IN ('text', 'bytea', 'jsonb', 'json', 'date', 'character varying', 'ARRAY')"
    query = f"SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' AND {free}"
    with db.reading() as session:
        found = {(row[0], row[1]) for row in session.execute(text(query))}
    found = {one for one in found if not one[0].startswith(("procrastinate_", "alembic_"))}
    assert sorted(found - known) == [], "say in tests/retention/columns.py whether erasing has to reach these"
    assert sorted(known - found) == [], "these are no columns any more"
    of_models = {
        (table.name, column.name)
        for table in Base.metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, Text | LargeBinary | JSON | Date)
    }
    assert of_models <= found


@pytest.fixture
def somebody(database: str) -> Application:
    """A person who applied and received, alone in the database, and left something everywhere."""
    open_policy(capacity=10)
    who = granted(who=applicant(NAME, address=ADDRESS, birth_date=BORN, sex="2", certificate=CARD))
    with db.reading() as session:
        row = session.query(Application).filter_by(applicant_id=who.person_id).one()
        session.expunge_all()
    leave_everything(row)
    return row


def held() -> dict[str, set[str]]:
    """What every personal column holds; fails for one that holds nothing, of which erasing would prove nothing."""
    found = {f"{table}.{column}": values_of(table, column) for table, column in columns(PERSONAL)}
    assert sorted(name for name, values in found.items() if not values) == []
    return found


def left_of(before: dict[str, set[str]]) -> dict[str, set[str]]:
    left = {name: values & values_of(*name.split(".")) for name, values in before.items()}
    return {name: values for name, values in left.items() if values}


def test_br_65_no_column_holds_anything_of_an_erased_person(somebody: Application) -> None:
    before = held()
    for policy_id in ("P-001", "P-015"):
        retention.set_rule(policy_id, by="S-1", keep_keys=False)
    retention.erase_person(somebody.applicant_id, reason="request", by="S-1", before_the_end=True)
    left = left_of(before)
    assert set(left) == OF_NOBODY
    assert all("T7" in value or b"T7".hex() in value for values in left.values() for value in values)
    again = retention.erase_person(somebody.applicant_id, reason="request", by="S-1", before_the_end=True).counts
    replaced_anew = {"service_ids", "applications"}
    assert {name for name, count in again.items() if count} <= replaced_anew


def test_br_65_no_column_holds_anything_after_the_end_of_the_policys_retention(somebody: Application) -> None:
    before = held()
    for policy_id in ("P-001", "P-015"):
        retention.set_rule(policy_id, by="S-1", completed_on=date(2027, 5, 31))
    with clock.frozen(LONG_AGO_ENOUGH):
        assert retention.erase_ended_policies() == ["P-001", "P-015"]
    assert left_of(before) == {}


def test_br_65_what_keeps_somebody_from_receiving_twice_stays_only_while_the_rule_says_so(
    somebody: Application,
) -> None:
    before = held()
    retention.erase_person(somebody.applicant_id, reason="request", by="S-1", before_the_end=True)
    kept = {"applications.fingerprint", "payment_links.id_index", "person_keys.key", "card_sessions.seen_key"}
    assert set(left_of(before)) == kept | OF_NOBODY


def _births(person_id: UUID, town: str) -> bool:
    with db.reading() as session:
        return people.births_of(session, person_id, town) is not None


@pytest.mark.parametrize(("sample", "stays"), [("P-001", False), ("P-010", True)])
def test_br_65_births_of_a_family_stay_only_for_a_benefit_of_the_town_that_counts_children(
    somebody: Application, sample: str, stays: bool
) -> None:
    judged_elsewhere(somebody, sample)
    retention.set_rule("P-001", by="S-1", completed_on=date(2027, 5, 31))
    with clock.frozen(LONG_AGO_ENOUGH):
        assert retention.erase_ended_policies() == ["P-001"]
    assert _births(somebody.applicant_id, TOWN) is stays


def test_br_65_a_reading_goes_with_the_last_application_that_was_judged_by_it(somebody: Application) -> None:
    moved = applicant(NAME, address="みらい県あさひ市新町１丁目１番", birth_date=BORN, sex="2", certificate=CARD)
    assert moved.person_id == somebody.applicant_id
    judged_elsewhere(somebody, "P-001", moved.evidence_id)
    for policy_id in ("P-001", "P-015"):
        retention.set_rule(policy_id, by="S-1", completed_on=date(2027, 5, 31))
    with clock.frozen(LONG_AGO_ENOUGH):
        retention.erase_ended_policies()
    with db.reading() as session:
        assert cards.evidence_of(session, somebody.evidence_id) is None, "the old address"
        assert cards.evidence_of(session, moved.evidence_id) is not None
        assert session.execute(text("SELECT count(*) FROM person_keys")).scalar_one() == 1


_WRITTEN_ONCE = (
    ("rebate_put_aside", "content"),
    ("rebate_purchases", "digest"),
    ("rebate_put_aside_decisions", "note"),
    ("rebate_put_aside_decisions", "decided_by"),
)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE rebate_put_aside SET content = '{}', digest = uuid_send(id)",
        "ERASING UPDATE rebate_put_aside SET content = '{\"a\": 1}', digest = uuid_send(id)",
        "ERASING UPDATE rebate_put_aside SET content = '{}'",
        "ERASING UPDATE rebate_put_aside SET content = '{}', digest = uuid_send(id), code = 'E703'",
        "ERASING DELETE FROM rebate_put_aside",
        "UPDATE rebate_purchases SET digest = 'x'",
        "UPDATE rebate_put_aside_decisions SET note = 'erased'",
        "ERASING UPDATE rebate_put_aside_decisions SET note = 'another'",
        "ERASING UPDATE rebate_put_aside_decisions SET note = 'erased', decided_by = 'another'",
        "ERASING DELETE FROM rebate_put_aside_decisions",
    ],
)
def test_what_was_put_aside_is_emptied_by_erasing_and_changed_by_nothing(somebody: Application, change: str) -> None:
    before = [values_of(*each) for each in _WRITTEN_ONCE]
    statement = change.removeprefix("ERASING ")
    with pytest.raises(DBAPIError, match=r"append only|permission denied|not changed"), db.transaction() as session:
        if statement != change:
            session.execute(text("SET LOCAL todoke.erasing = 'on'"))
        session.execute(text(statement))
    assert [values_of(*each) for each in _WRITTEN_ONCE] == before
