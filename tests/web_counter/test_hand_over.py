"""Codes that are scanned: a venue's, and the one by which a phone goes on. None carries a person or a session."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from app import clock, db
from app.web.event_codes import code_of
from app.web.resident import handover
from tests.web.service import Browser, Service, check_is_clear, heading, person
from tests.web_counter.hands import signed_in_staff

EVENT = "P-014"
DAY = datetime.fromisoformat("2026-12-05T10:00:00+09:00")


def code(service: Service, event: str = EVENT) -> str:
    return code_of(service.app.config["SECRET_KEY"], EVENT, event)


def attendances() -> list[tuple[str, str, str]]:
    with db.reading() as session:
        rows = session.execute(text("SELECT subject, state, stated_by FROM stated_facts")).all()
    return [tuple(row) for row in rows]


def test_who_scans_and_has_the_card_read_was_there(service: Service, browser: Browser) -> None:
    with clock.frozen(DAY):
        scanned = browser.get(f"/events/{code(service)}")
        assert scanned.headers["Location"].endswith("/attendance")
        assert "カードで本人確認をします" in browser.get("/attendance").get_data(as_text=True)
        after = browser.read_card("TP-02", "/status")
        assert after.headers["Location"].endswith("/attendance"), "back to what was begun"
        assert browser.send("/attendance").headers["Location"].endswith("/attendance?sent=1")
        assert heading(browser.get("/attendance?sent=1")) == "参加を記録しました"
    assert attendances() == [(EVENT, "attended", "event_qr")]


def test_a_scan_alone_records_nothing(service: Service, browser: Browser) -> None:
    with clock.frozen(DAY):
        browser.get(f"/events/{code(service)}")
        assert browser.send("/attendance").status_code == 303
    assert attendances() == []


def test_a_code_is_good_for_its_minute_and_the_next(service: Service, browser: Browser) -> None:
    with clock.frozen(DAY):
        shown = code(service)
    with clock.frozen(DAY + timedelta(seconds=119)):
        assert browser.get(f"/events/{shown}").status_code == 303
    for later in (timedelta(seconds=120), timedelta(days=1), timedelta(minutes=-5)):
        with clock.frozen(DAY + later):
            check_is_clear(service.browser().get(f"/events/{shown}"), 410)


@pytest.mark.parametrize("forged", ["x", "WyJQLTAxNCIsIlAtMDE0IiwxXQ.AAAA", "a" * 400])
def test_a_code_that_is_not_ours_is_not_found(service: Service, browser: Browser, forged: str) -> None:
    check_is_clear(browser.get(f"/events/{forged}"), 404)


def test_a_code_for_an_event_that_no_policy_has_is_not_found(service: Service, browser: Browser) -> None:
    with clock.frozen(DAY):
        assert browser.get(f"/events/{code(service, 'P-099')}").status_code == 404


def test_a_scan_is_kept_for_half_an_hour(service: Service, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    with clock.frozen(DAY):
        browser.get(f"/events/{code(service)}")
        late = clock.real_now() + timedelta(minutes=29)
        monkeypatch.setattr(clock, "real_now", lambda: late)
        assert browser.get("/attendance").status_code == 200
        later = late + timedelta(minutes=2)
        monkeypatch.setattr(clock, "real_now", lambda: later)
        check_is_clear(browser.get("/attendance"), 410)
        check_is_clear(browser.send("/attendance"), 410)


def test_scanning_a_strangers_code_changes_nobodys_sign_in(service: Service, browser: Browser) -> None:
    """Neither is my session in the stranger's hands afterwards, nor his in mine."""
    browser.read_card("TP-02", "/status")
    token = browser.cookie
    with clock.frozen(DAY):
        browser.get(f"/events/{code(service)}")
        browser.get(str(re.search(r"/continue/\S+", hand_over(service))[0]))
    assert browser.cookie == token
    assert browser.get("/applications").status_code == 200


def hand_over(service: Service, policy_id: str = "P-001") -> str:
    """What the code on the start page says."""
    said: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(handover, "qr_svg", lambda text: said.append(text) or "")
        service.browser().get(f"/policies/{policy_id}/apply")
    assert len(said) == 1
    return said[0]


def test_a_phone_goes_on_with_the_policy_and_nothing_else(service: Service, browser: Browser) -> None:
    address = hand_over(service)
    computer = service.browser()
    computer.read_card("TP-02")
    went_on = browser.get(address.removeprefix(service.settings.public_url))
    assert went_on.headers["Location"].startswith("/policies/P-001/apply")
    assert browser.get("/applications").status_code == 303, "signed in as nobody"
    assert browser.get("/policies/P-001/apply/result").status_code == 409, "no draft came along"
    someone = person("TP-02")
    assert someone.name not in address


def test_an_old_code_leads_to_the_policys_page_and_a_forged_one_nowhere(
    service: Service, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = hand_over(service).removeprefix(service.settings.public_url)
    monkeypatch.setattr(handover, "LIVES_SECONDS", -1)
    assert browser.get(path).headers["Location"].startswith("/policies/P-001")
    assert "/apply" not in browser.get(path).headers["Location"]
    check_is_clear(browser.get("/continue/AAAA"), 404)


def test_the_venues_code_is_shown_by_staff_and_changes_every_minute(service: Service) -> None:
    with clock.frozen(DAY):
        _, counter = signed_in_staff(service, "県の窓口", "ST-06", town="990001")
        first = counter.desk.get("/counter/event?event=P-014/P-014").get_data(as_text=True)
        assert "集落応援隊" in first
        state = counter.desk.get("/counter/event/state").get_json()["state"]
    with clock.frozen(DAY + timedelta(seconds=60)):
        assert counter.desk.get("/counter/event/state").get_json()["state"] != state
        assert counter.desk.get("/counter/event?event=P-014/P-014").get_data(as_text=True) != first
    assert service.browser().get("/counter/event").status_code == 303
