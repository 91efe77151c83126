"""BR-60, BR-72, E605, E611: replacing a list un-pays nobody, versions never change, and looks leave a trace."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app import db, lists
from app.audit import AuditEvent
from app.db import new_id
from app.errors import DomainError
from app.lists import ListRefused
from tests.lists.conftest import LIST_ID, OWNER, Load

ROW = "S-0001,高橋　崎子,タカハシ　サキコ,昭和22年3月3日,大字白樺"
OTHER = "S-0002,斉藤　文子,,S25.11.05,大字白樺"


def everybody(session: Session, policy_id: str, applications: Iterable[UUID]) -> int:
    """Every application was granted."""
    return len(set(applications))


def claim(name: str, born: date) -> UUID:
    """An application that was matched to the row of this person."""
    application_id = new_id()
    with db.transaction() as session:
        subject = lists.subject_of(name, "ほくと県きた郡しらかば村大字白樺１", born)
        found = lists.match(session, LIST_ID, subject)
        lists.claim_row(session, str(found.row_id), policy_id="P-017", application_id=application_id)
    return application_id


def test_br_72_e605_a_list_replaced_without_somebody_granted_is_refused(load: Load) -> None:
    load(ROW, OTHER)
    claim("髙橋　﨑子", date(1947, 3, 3))
    with pytest.raises(ListRefused) as refusal:
        load(OTHER, granted=everybody)
    assert [(p.code, p.text) for p in refusal.value.problems] == [("E605", "付与済みの方の行は削除できません(1件)。")]
    with pytest.raises(ListRefused):
        load(OTHER, granted=everybody, dry_run=True)
    assert load(ROW, granted=everybody).removed.count == 1, "nobody was granted by the row of the other"


def test_br_72_a_claimed_row_may_go_while_nothing_was_granted(load: Load) -> None:
    load(ROW, OTHER)
    claim("髙橋　﨑子", date(1947, 3, 3))
    assert load(OTHER).removed.count == 1


def test_br_72_a_list_replaced_leaves_the_claims_of_the_one_before(load: Load) -> None:
    load(ROW, OTHER)
    first = claim("髙橋　﨑子", date(1947, 3, 3))
    load(ROW.replace("大字白樺", "大字湖岸"), OTHER)
    with db.reading() as session:
        subject = lists.subject_of("高橋　崎子", "ほくと県きた郡しらかば村大字湖岸１", date(1947, 3, 3))
        found = lists.match(session, LIST_ID, subject)
        assert lists.claimed_by(session, str(found.row_id), policy_id="P-017") == {first}
    with pytest.raises(ListRefused):
        load(OTHER, granted=everybody)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE list_versions SET row_count = 5",
        "DELETE FROM list_versions",
        "UPDATE list_rows SET marked = true",
        "UPDATE list_tokens SET detail = NULL",
    ],
)
def test_a_version_is_never_changed(load: Load, statement: str) -> None:
    load(ROW)
    with pytest.raises(DBAPIError, match="permission denied"), db.transaction() as session:
        session.execute(text(statement))


def test_e611_who_loaded_a_list_approves_no_payment_of_its_policy(load: Load) -> None:
    load(ROW, loaded_by="ST-02")
    load(OTHER, loaded_by="ST-04")
    with db.reading() as session:
        assert lists.loaders_of(session, "P-017") == {"ST-02", "ST-04"}
        for staff in ("ST-02", "ST-04"):
            with pytest.raises(DomainError, match="E611"):
                lists.refuse_loader(session, "P-017", staff)
        lists.refuse_loader(session, "P-017", "ST-03")
        lists.refuse_loader(session, "P-001", "ST-02")


def test_br_60_a_look_at_a_row_needs_a_reason_and_is_kept(load: Load) -> None:
    load(ROW)
    with db.transaction() as session:
        with pytest.raises(ValueError, match="reason"):
            lists.read_row(session, "1-2", staff="ST-04", reason=" ")
        cells = lists.read_row(session, "1-2", staff="ST-04", reason="字体の確認")
        with pytest.raises(LookupError):
            lists.read_row(session, "1-99", staff="ST-04", reason="字体の確認")
    assert str(cells["name"]) == "<private>"
    assert cells["birth_date"].reveal() == "昭和22年3月3日"
    with db.reading() as session:
        event = session.scalars(select(AuditEvent).where(AuditEvent.action == "list.row_read")).one()
        assert (event.actor, event.object_id, event.facts) == ("ST-04", "1-2", {"reason": "字体の確認"})


def test_the_audit_of_a_load_holds_counts_and_who(load: Load) -> None:
    load(ROW, OTHER, loaded_by="ST-02")
    with db.reading() as session:
        event = session.scalars(select(AuditEvent).where(AuditEvent.action == "list.loaded")).one()
        assert (event.actor, event.object_id) == ("ST-02", LIST_ID)
        assert event.facts == {"version": 1, "rows": 2, "added": 2, "changed": 0, "removed": 0}


def test_the_lists_of_a_policy_with_their_newest_version(load: Load) -> None:
    with db.transaction() as session:
        lists.register_list(session, LIST_ID, OWNER)
        assert [(v.list_id, v.version, v.rows) for v in lists.lists_of(session, "P-017")] == [(LIST_ID, None, 0)]
    load(ROW)
    load(ROW, OTHER)
    with db.reading() as session:
        assert [(v.list_id, v.version, v.rows) for v in lists.lists_of(session, "P-017")] == [(LIST_ID, 2, 2)]
