"""What staff see with their own eyes: a card without PINs, a locked PIN, a document."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import text

from app import applications, clock, db, screening
from app.policies import CheckKind
from tests.web.service import Service, check_is_clear, error_code, person
from tests.web_counter.hands import (
    CODES,
    CONSENT,
    Counter,
    at,
    checks_of,
    desk_page,
    drafts,
    screen_page,
    signed_in_staff,
)


def test_c_18a_a_locked_pin_is_handed_to_the_other_desk_and_the_session_is_wiped(counter: Counter) -> None:
    with at(10):
        counter.call()
        counter.reader_says("E102")
        assert counter.stage() == "ended"
        assert counter.row().state == "wiped"
        assert "E102" in screen_page(counter)
        assert "利用者証明用の暗証番号の再設定(住民課の窓口)" in desk_page(counter)
    assert drafts(counter) == []


def test_c_18b_after_the_reset_the_receipt_shows_service_and_last_four(counter: Counter) -> None:
    with at(11):
        counter.serve("TP-18", "6000000000000015", "SVC-EM-01")
        page = desk_page(counter)
    assert drafts(counter) == ["approved"]
    assert checks_of(counter) == {"CARD_AUTO": "passed"}
    assert "つばめ電子マネー" in page
    assert "0015" in page
    assert "6000000000000015" not in page


def test_c_23b_a_card_without_pins_is_identified_by_staff_and_decided_by_another(counter: Counter) -> None:
    someone = person("TP-23")
    with at(10):
        counter.call(card="no_pin")
        assert counter.row().card_purpose == "touch"
        counter.touched_without_pin("TP-23")
        assert counter.stage() == "identify"
        face = {
            "visit": str(counter.row().id),
            "name": someone.name,
            "address": someone.address,
            "birth_date": someone.birth_date.isoformat(),
            "sex": someone.sex,
        }
        check_is_clear(counter.desk.send("/counter/identify", **face), 422)  # without the tick
        assert counter.desk.send("/counter/identify", **face, face="yes").status_code == 303
        assert counter.stage() == "judged"
        counter.card_lies_there()
        assert someone.name not in desk_page(counter)
        counter.press("agree", **CONSENT)
        counter.press("service", service_id="SVC-EM-02")
        answer = counter.press("account", account="9000000000000019", security_code=CODES["SVC-EM-02"])
        assert answer.status_code == 303, error_code(answer)
        counter.press("confirm", confirmed="yes")
        counter.second_tap("TP-23")
        assert counter.stage() == "done"
    (application,) = counter.service.applications()
    assert application.state == "screening"
    assert checks_of(counter)["CARD_AUTO"] in ("inconclusive", "manual_queue")
    with db.reading() as session:
        assurance = session.execute(text("SELECT assurance, revocation, staff_id FROM evidence")).one()
    assert tuple(assurance) == ("staff", "not_checked", "ST-01")
    who = [screening.Staff(staff_id, frozenset({"reviewer"})) for staff_id in ("ST-01", "ST-04")]
    with pytest.raises(screening.ReviewRefused, match="same_person"):
        applications.take_check("P-001", application.id, CheckKind.CARD_AUTO, who[0])
    applications.take_check("P-001", application.id, CheckKind.CARD_AUTO, who[1])


def test_a_document_is_seen_by_somebody_and_no_copy_is_kept(service: Service) -> None:
    with clock.frozen(datetime.fromisoformat("2027-01-20T10:00:00+09:00")):
        _, counter = signed_in_staff(service, "1番窓口", "ST-06", town="993018")
        counter.call("P-003")
        counter.first_tap("TP-13")
        if counter.stage() != "judged":
            pytest.fail(counter.row().ended_code or counter.stage())
        page = desk_page(counter)
        assert "申告完了通知(マイナンバーカード方式)の提示: まだ見ていません" in page
        assert counter.see_document(0).status_code == 303
        assert "申告完了通知(マイナンバーカード方式)の提示: 確認済み" in desk_page(counter)
    with db.reading() as session:
        row = session.execute(text("SELECT kind, state, stated_by, on_day FROM stated_facts")).one()
    assert (row.kind, row.state, row.stated_by, str(row.on_day)) == ("document_seen", "seen", "ST-06", "2027-01-20")
