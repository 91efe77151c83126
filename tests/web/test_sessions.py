"""Whose session a browser holds, how long, and what is left of it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app import clock
from app.web.sessions import sweep_sessions
from tests.web.service import STEPS, Browser, Service, error_code, heading, person

ASAHI, NEIGHBOUR = "TP-02", "TP-10"


@pytest.fixture
def real_time(monkeypatch: pytest.MonkeyPatch) -> RealTime:
    return RealTime(monkeypatch)


class RealTime:
    """Real time as the service sees it; moved by hand. Business time stands still."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._now = clock.real_now()
        monkeypatch.setattr(clock, "real_now", lambda: self._now)

    def passes(self, **amount: float) -> None:
        self._now += timedelta(**amount)


def is_signed_in(browser: Browser) -> bool:
    return browser.get("/applications").status_code == 200


def test_signing_in_changes_the_token_and_ends_the_old_one(browser: Browser) -> None:
    browser.get(STEPS)
    before = browser.cookie
    browser.read_card(ASAHI)
    after = browser.cookie
    assert before and after and before != after
    thief = browser.service.browser()
    thief.client.set_cookie("todoke", before)
    assert not is_signed_in(thief)
    assert is_signed_in(browser)
    assert browser.service.rows("web_sessions") == 1


def test_a_made_up_token_signs_nobody_in_and_makes_no_row(browser: Browser) -> None:
    for token in ("x", "x" * 43, "x" * 3000, "\u3042", "' OR 1=1 --"):
        browser.client.set_cookie("todoke", token)
        assert browser.get("/applications").status_code == 303
    assert browser.service.rows("web_sessions") == 0


def test_signing_out_leaves_no_row_and_no_cookie(browser: Browser) -> None:
    browser.read_card(ASAHI)
    token = browser.cookie
    assert token is not None
    left = browser.send("/sign-out")
    assert left.status_code == 303
    assert browser.cookie is None
    assert browser.service.rows("web_sessions") == 0
    browser.client.set_cookie("todoke", token)
    assert not is_signed_in(browser)


def test_half_an_hour_without_a_click_ends_the_session(browser: Browser, real_time: RealTime) -> None:
    browser.read_card(ASAHI)
    for _ in range(3):
        real_time.passes(minutes=29)
        assert is_signed_in(browser)
    real_time.passes(minutes=30)
    assert not is_signed_in(browser)
    assert error_code(browser.get(f"{STEPS}/result")) == "E504"


def test_no_session_outlives_eight_hours_however_busy(browser: Browser, real_time: RealTime) -> None:
    browser.read_card(ASAHI)
    for _ in range(19):
        real_time.passes(minutes=25)
        assert is_signed_in(browser)
    real_time.passes(minutes=5)
    assert not is_signed_in(browser)


def test_a_moved_business_clock_ends_no_session(browser: Browser) -> None:
    browser.read_card(ASAHI)
    with clock.frozen(clock.now() + timedelta(days=30)):
        assert is_signed_in(browser)


def test_ended_sessions_are_swept_and_live_ones_stay(browser: Browser, real_time: RealTime) -> None:
    browser.read_card(ASAHI)
    real_time.passes(hours=7, minutes=45)
    second = browser.service.browser()
    second.read_card(NEIGHBOUR)
    real_time.passes(minutes=15, seconds=1)
    assert sweep_sessions() == 1
    assert browser.service.rows("web_sessions") == 1
    assert is_signed_in(second)


def test_BR_50_the_card_of_a_second_person_starts_from_nothing(browser: Browser) -> None:
    browser.to_account(ASAHI)
    first_token = browser.cookie
    first = person(ASAHI)
    assert browser.get(f"{STEPS}/account").status_code == 200

    answer = browser.read_card(NEIGHBOUR)
    assert answer.headers["Location"].endswith("/result")
    assert browser.cookie != first_token
    result = browser.get(f"{STEPS}/result").get_data(as_text=True)
    assert person(NEIGHBOUR).name in result
    assert first.name not in result and first.address not in result
    for step in ("service", "account", "confirm"):
        page = browser.get(f"{STEPS}/{step}")
        assert error_code(page) == "E504", f"{step} still holds what the first person chose"


def test_BR_50_the_second_person_can_not_go_back_into_the_reading_of_the_first(browser: Browser) -> None:
    first_reading = browser.open_reading()
    browser.service.card_was_read(first_reading, person(ASAHI))
    browser.get(f"/card-sessions/{first_reading}/next")
    browser.read_card(NEIGHBOUR)
    back = browser.get(f"/card-sessions/{first_reading}/next")
    assert back.status_code != 303, "an old address signs the first person in again"
    assert person(NEIGHBOUR).name in browser.get(f"{STEPS}/result").get_data(as_text=True)


def test_BR_50_an_unclaimed_reading_of_the_first_is_lost_to_the_second(browser: Browser) -> None:
    unclaimed = browser.open_reading()
    browser.service.card_was_read(unclaimed, person(ASAHI))
    browser.read_card(NEIGHBOUR)
    assert browser.get(f"/card-sessions/{unclaimed}/next").status_code != 303


def test_a_reading_belongs_to_the_browser_that_opened_it(browser: Browser) -> None:
    session_id = browser.open_reading()
    browser.service.card_was_read(session_id, person(ASAHI))
    other = browser.service.browser()
    other.get(STEPS)
    for path in ("", "/state", "/next"):
        assert other.get(f"/card-sessions/{session_id}{path}").status_code == 404
    assert not is_signed_in(other)


def test_after_signing_out_the_reading_can_not_be_used_again(browser: Browser) -> None:
    session_id = browser.open_reading()
    browser.service.card_was_read(session_id, person(ASAHI))
    browser.get(f"/card-sessions/{session_id}/next")
    browser.send("/sign-out")
    again = browser.get(f"/card-sessions/{session_id}/next")
    assert again.status_code == 404
    assert heading(again) == "ページが見つかりません"


def test_two_browsers_of_one_person_are_two_sessions(service: Service) -> None:
    phone, tablet = service.browser(), service.browser()
    phone.read_card(ASAHI)
    tablet.read_card(ASAHI)
    phone.send("/sign-out")
    assert is_signed_in(tablet)


def test_what_a_page_asks_by_itself_keeps_no_session_alive_but_the_person_can(
    browser: Browser, real_time: RealTime
) -> None:
    receipt = browser.apply("TP-02")
    real_time.passes(minutes=28)
    assert browser.get(f"/applications/{receipt}/state").status_code == 200
    assert 0 < browser.get("/session/state").get_json()["seconds_left"] <= 120
    assert browser.get("/session/state?extend=1").get_json()["seconds_left"] == 30 * 60
    for _ in range(3):
        real_time.passes(minutes=15)
        browser.get(f"/applications/{receipt}/state")
    assert browser.get("/session/state").status_code == 404
