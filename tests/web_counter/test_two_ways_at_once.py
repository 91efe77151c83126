"""One person, or one visit, at two places at the same moment: a phone, another counter, a page that was left open."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import text

from app import db, organisations
from app.counter import follow
from tests.organisations.counter import add_clerk
from tests.web.service import ACCOUNT, CODE, STEPS, Service, heading
from tests.web_counter.hands import (
    CONSENT,
    Counter,
    desk_page,
    drafts,
    screen_page,
    sign_in,
    signed_in_staff,
)
from tests.web_counter.papers import card_is_read, find

OTHER_ACCOUNT = "5555666677778"


def test_br_51_a_phone_does_not_go_on_with_what_was_begun_at_a_counter(counter: Counter) -> None:
    """Whoever holds a signed-in phone would send, with what the counter's reader saw, and without a second tap."""
    phone = counter.service.browser()
    phone.read_card("TP-02", "/status")
    counter.to_read_back("TP-02")
    for step in ("result", "consent", "service", "account", "confirm"):
        answer = phone.get(f"{STEPS}/{step}")
        assert answer.status_code == 409, (step, heading(answer))
        assert ACCOUNT[-4:] not in answer.get_data(as_text=True)
    assert phone.send(f"{STEPS}/service", service_id="SVC-QR-01").status_code == 409
    assert phone.send(f"{STEPS}/account", account=OTHER_ACCOUNT, security_code=CODE).status_code == 409
    phone.send(f"{STEPS}/consent", action="refuse")
    assert counter.stage() == "read_back", "nor does it end it"
    (draft,) = counter.service.applications()
    assert draft.draft_last4 == ACCOUNT[-4:]


def test_who_applies_by_phone_in_the_middle_of_a_visit_has_one_application(counter: Counter) -> None:
    counter.to_read_back("TP-02")
    counter.service.browser().apply("TP-02", OTHER_ACCOUNT)
    counter.press("confirm", confirmed="yes")
    counter.second_tap("TP-02")
    assert counter.stage() == "ended"
    assert counter.row().ended_code == "E206"
    (sent,) = counter.service.applications()
    assert (sent.state, sent.channel, sent.draft_account_enc) == ("approved", "phone", None)


def test_the_same_card_at_two_counters_leaves_the_later_one(counter: Counter) -> None:
    """Two terminals, two members of staff: the person went over before the first screen had noticed."""
    counter.to_account("TP-02")
    _, colleague = signed_in_staff(counter.service, "2番窓口", "ST-05")
    colleague.to_read_back("TP-02", OTHER_ACCOUNT)
    page = screen_page(counter)
    assert "ほかの画面で進んでいます" in page
    assert OTHER_ACCOUNT[-4:] not in page
    assert counter.row().state == "wiped"
    assert colleague.stage() == "read_back"
    assert drafts(counter) == ["started"]


def test_a_service_chosen_by_phone_meanwhile_ends_the_visit_and_leaves_no_error_page(counter: Counter) -> None:
    """An error page is followed by nobody: it would stand on the screen until somebody reloads it by hand."""
    phone = counter.service.browser()
    phone.to_account("TP-02")
    assert phone.send(f"{STEPS}/service", service_id="later").status_code == 303
    found = re.search(r'name="form_token" value="([^"]+)"', phone.get(f"{STEPS}/confirm").get_data(as_text=True))
    assert found
    assert phone.send(f"{STEPS}/confirm", form_token=found[1], confirmed="yes").status_code == 303
    (sent,) = counter.service.applications()
    card_is_read(counter)
    assert find(counter, receipt=str(sent.receipt_no)).status_code == 303
    assert counter.stage() == "service"
    with db.transaction() as session:
        session.execute(text("UPDATE applications SET state = 'withdrawn', withdrawn_at = now()"))
    answer = counter.screen.get("/screen")
    assert answer.status_code == 200
    assert 'data-stage="ended"' in answer.get_data(as_text=True)
    assert counter.row().state == "wiped"


def test_staff_who_sign_in_elsewhere_end_the_visit_they_left(counter: Counter, service: Service) -> None:
    """Nobody could give the receipt out; and what follows would carry the name of somebody who is not there."""
    counter.to_read_back("TP-02")
    with db.transaction() as session:
        organisations.end_sessions(session, staff_id="ST-01")
    assert counter.stage() == "ended"
    assert drafts(counter) == []


def test_staff_who_only_watch_for_long_keep_the_visit(counter: Counter) -> None:
    counter.to_account("TP-02")
    with db.transaction() as session:
        session.execute(text("UPDATE staff_sessions SET last_seen_at = last_seen_at - interval '2 hours'"))
    assert counter.stage() == "account"


def test_a_desk_left_open_ends_nobody_elses_visit(counter: Counter) -> None:
    counter.to_account("TP-02")
    left_open = str(counter.row().id)
    counter.to_account("TP-29")
    for fields in ({"visit": left_open}, {"visit": left_open, "action": "finish"}, {"visit": "x"}, {}):
        assert counter.desk.send("/counter/cancel", **fields).status_code == 303
        assert counter.stage() == "account"


def test_given_up_by_staff_at_the_moment_of_the_second_tap_it_is_sent_and_its_receipt_stays(counter: Counter) -> None:
    """BR-51: the person has confirmed. A page that still shows the button for giving up clears no receipt away."""
    counter.to_read_back("TP-02")
    counter.press("confirm", confirmed="yes")
    counter.second_tap("TP-02")
    with db.transaction() as session:
        session.execute(text("UPDATE counter_sessions SET state = 'second_tap_ok'"))
    counter.cancel()
    assert counter.stage() == "done"
    counter.cancel()
    assert counter.stage() == "done"
    assert str(counter.row().receipt_no) in desk_page(counter)
    counter.finish()
    assert counter.row().ended_code == "finished"


@pytest.mark.parametrize("was_sent", [True, False], ids=["sent", "not sent"])
def test_who_calls_the_next_person_after_a_crash_is_told_what_became_of_the_last(
    counter: Counter, was_sent: bool
) -> None:
    """「入力した内容は残していません」 may not stand over an application that is in."""
    counter.to_read_back("TP-02")
    counter.press("confirm", confirmed="yes")
    counter.second_tap("TP-02")
    if was_sent:
        follow(counter.terminal.terminal_id)
    with db.transaction() as session:
        session.execute(text("UPDATE counter_sessions SET state = 'second_tap_ok', receipt_no = NULL"))
    last = counter.row().id
    counter.call()
    with db.reading() as session:
        ended = session.scalar(text("SELECT ended_code FROM counter_sessions WHERE id = :id"), {"id": last})
    assert (ended, drafts(counter)) == (("finished", ["approved"]) if was_sent else ("cancelled", []))


def test_a_number_checked_with_one_service_is_not_kept_for_another(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two windows: while the provider is asked about the number, the service is chosen anew."""
    counter.to_account("TP-02")
    provider, asked = counter.service.provider, counter.service.provider.verify_account

    def slow(service_id: str, account: str, code: str, amount: int | None) -> object:
        answer = asked(service_id, account, code, amount)
        counter.press("change")
        assert counter.press("service", service_id="SVC-QR-02").status_code == 303
        return answer

    monkeypatch.setattr(provider, "verify_account", slow)
    assert counter.press("account", account=ACCOUNT, security_code=CODE).status_code == 303
    assert counter.stage() == "account"
    (draft,) = counter.service.applications()
    assert (draft.service_id, draft.draft_account_enc) == ("SVC-QR-02", None)


def test_br_50_the_language_of_one_person_is_not_shown_to_the_next_even_at_once(counter: Counter) -> None:
    """Called without a pause: the screen never showed that nobody was there."""
    counter.to_account("TP-02")
    counter.screen.get("/screen?lang=en")
    assert '<html lang="en"' in screen_page(counter)
    counter.call()
    assert '<html lang="ja"' in screen_page(counter)
    counter.screen.get("/screen?lang=en")
    assert '<html lang="en"' in screen_page(counter), "who sits there now chooses anew"
    assert '<html lang="en"' in screen_page(counter)


def test_a_new_sign_in_at_the_desk_begins_with_nobody(counter: Counter) -> None:
    counter.to_read_back("TP-02")
    counter.press("agree", **CONSENT)
    sign_in(counter.desk, add_clerk("ST-07"))
    assert counter.row().state == "wiped"
    assert ACCOUNT[-4:] not in desk_page(counter) + screen_page(counter)
