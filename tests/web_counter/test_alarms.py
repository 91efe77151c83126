"""Alarms of the counter: raised, put before a supervisor, closed by another than they are about (BR-55)."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app import db
from app.organisations import Role
from tests.web.service import Service, check_is_clear, error_code, person
from tests.web_counter.hands import (
    CODES,
    Counter,
    at,
    desk_page,
    drafts,
    signed_in_staff,
)


def test_c_31_one_e_money_card_for_two_people_of_one_member_of_staff_alarms(counter: Counter) -> None:
    with at(13):
        counter.serve("TP-02", "6000000000000015", "SVC-EM-01")
        counter.finish()
    with at(13, 20):
        counter.to_account("TP-18", "SVC-EM-01")
        refused = counter.press("account", account="6000000000000015", security_code=CODES["SVC-EM-01"])
        check_is_clear(refused, 422)
        assert error_code(refused) == "E303"
        assert "責任者を呼んでください(E803)" in desk_page(counter)
        counter.press("leave")
    assert drafts(counter) == ["approved"]
    _, boss = signed_in_staff(counter.service, "2番窓口", "ST-03", Role.APPROVER)
    page = boss.desk.get("/counter/alarms").get_data(as_text=True)
    assert "E803" in page
    assert "ST-01" in page
    for hidden in ("6000000000000015", "0015", person("TP-18").name, person("TP-02").name):
        assert hidden not in page
    found = re.search(r"/counter/alarms/[0-9a-f-]{36}", page)
    assert found
    check_is_clear(boss.desk.send(found[0], note=""), 422)
    assert boss.desk.send(found[0], note="カードの取り違え。本人が持ち帰った").status_code == 303
    assert "責任者を呼んでください" not in desk_page(counter)


def test_br_55_two_members_of_staff_or_one_person_twice_raise_no_alarm(counter: Counter) -> None:
    counter.to_read_back("TP-02", "6000000000000015", "SVC-EM-01")
    counter.press("leave")
    counter.to_read_back("TP-02", "6000000000000015", "SVC-EM-01")
    counter.press("leave")
    assert counter.service.rows("counter_alarms") == 0


def test_br_55_nobody_closes_the_alarm_about_themselves(service: Service) -> None:
    _, both = signed_in_staff(service, "1番窓口", "ST-03", Role.APPROVER, Role.COUNTER)
    both.to_read_back("TP-02", "6000000000000015", "SVC-EM-01")
    both.press("leave")
    both.to_account("TP-18", "SVC-EM-01")
    both.press("account", account="6000000000000015", security_code=CODES["SVC-EM-01"])
    page = both.desk.get("/counter/alarms").get_data(as_text=True)
    assert "E803" in page
    assert "確認済みにする" not in page
    with db.reading() as session:
        alarm_id = session.scalar(text("SELECT id FROM counter_alarms"))
    assert both.desk.send(f"/counter/alarms/{alarm_id}", note="だいじょうぶ").status_code == 403
    with pytest.raises(IntegrityError, match="seen_by_another"), db.transaction() as session:
        session.execute(text("UPDATE counter_alarms SET seen_by = 'ST-03', seen_at = now(), note = 'x'"))
