"""Every way in which a visit ends without a receipt, and what is left of it then: nothing (BR-50 to BR-52)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app import clock, db
from tests.web.service import person
from tests.web_counter.hands import (
    Counter,
    desk_page,
    drafts,
    screen_page,
)


def test_br_51_another_card_at_the_second_tap_saves_nothing_and_alarms(counter: Counter) -> None:
    counter.to_read_back("TP-02")
    counter.press("confirm", confirmed="yes")
    counter.second_tap("TP-29")
    assert counter.stage() == "ended"
    assert "E801" in screen_page(counter)
    assert drafts(counter) == []
    assert "責任者を呼んでください(E801)" in desk_page(counter)


def test_br_52_fifty_nine_seconds_and_a_key_go_on_sixty_wipe(counter: Counter) -> None:
    counter.to_account("TP-02")
    counter.nobody_does_anything(58)
    counter.press("active")
    counter.nobody_does_anything(58)
    assert counter.stage() == "account"
    counter.nobody_does_anything(3)
    assert counter.stage() == "ended"
    assert "E114" in screen_page(counter)
    assert drafts(counter) == []


def test_br_52_a_key_after_sixty_seconds_comes_too_late(counter: Counter) -> None:
    counter.to_account("TP-02")
    counter.nobody_does_anything(61)
    counter.press("active")
    assert counter.stage() == "ended"


def test_br_52_the_warning_comes_at_forty_seconds(counter: Counter) -> None:
    counter.to_account("TP-02")
    assert counter.screen.get("/screen/state").get_json()["warns"] is False
    counter.nobody_does_anything(41)
    state = counter.screen.get("/screen/state").get_json()
    assert state["warns"] is True
    assert 0 < state["seconds_left"] < 20


def test_asking_for_news_is_no_act_of_the_person(counter: Counter) -> None:
    counter.to_account("TP-02")
    for _ in range(7):
        counter.nobody_does_anything(9)
        counter.screen.get("/screen/state")
        counter.desk.get("/counter/state")
    assert counter.stage() == "ended"


@pytest.mark.parametrize(("code", "shown"), [("E802", "カードが離れたため"), ("E801", "最初と別のカード")])
def test_a_card_taken_away_or_changed_while_editing_wipes(counter: Counter, code: str, shown: str) -> None:
    counter.to_account("TP-02")
    counter.reader_says(code)
    assert counter.stage() == "ended"
    assert shown in screen_page(counter)
    assert drafts(counter) == []


def test_e804_a_reader_that_falls_silent_ends_the_visit(counter: Counter) -> None:
    counter.to_account("TP-02")
    counter._set(counter.waiting_for(), expires_at=clock.real_now() - timedelta(seconds=1))
    assert counter.stage() == "ended"
    assert "E804" in desk_page(counter)


def test_a_wiped_visit_holds_nothing_and_the_database_sees_to_it(counter: Counter) -> None:
    counter.to_account("TP-02")
    counter.cancel()
    row = counter.row()
    assert (row.state, row.person_id, row.evidence_id, row.application_id, row.seen_key) == ("wiped",) + (None,) * 4
    assert counter.service.rows("person_facts") == 0
    with pytest.raises(IntegrityError, match="wiped_holds_nothing"), db.transaction() as session:
        session.execute(text("UPDATE counter_sessions SET person_id = gen_random_uuid()"))


def test_refusing_consent_ends_the_visit_and_keeps_nothing(counter: Counter) -> None:
    counter.call()
    counter.first_tap("TP-02")
    counter.press("agree", action="refuse")
    assert "E215" in screen_page(counter)
    assert drafts(counter) == []
    assert counter.service.rows("person_facts") == 0


def test_signing_out_wipes_what_was_going_on(counter: Counter) -> None:
    counter.to_account("TP-02")
    counter.desk.send("/counter/sign-out")
    assert counter.stage() == "ended"
    assert drafts(counter) == []


def test_a_card_read_after_staff_were_suspended_binds_nothing(counter: Counter) -> None:
    from app import organisations

    counter.call()
    session_id = counter.waiting_for()
    with db.transaction() as session:
        organisations.disable_staff(session, "ST-01")
    counter.service.card_was_read(session_id, person("TP-02"))
    assert counter.stage() == "ended"
    assert drafts(counter) == []


def test_a_visit_whose_pages_were_closed_is_wiped_by_the_job(counter: Counter) -> None:
    from app.counter.tasks import end_idle_visits

    counter.to_account("TP-02")
    counter.nobody_does_anything(61)
    assert end_idle_visits() == 1
    assert counter.row().state == "wiped"
    assert end_idle_visits() == 0
