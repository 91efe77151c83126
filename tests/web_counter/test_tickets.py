"""整理券: who held one at closing time came in time."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from app import clock
from tests.web.service import ACCOUNT, CODE, check_is_clear, error_code
from tests.web_counter.hands import CONSENT, Counter, desk_page, drafts, screen_page, signed_in_staff

END = datetime.fromisoformat("2027-01-31T23:50:00+09:00")


def test_a_ticket_given_out_in_time_counts_after_the_end(counter: Counter) -> None:
    with clock.frozen(END):
        page = counter.desk.send("/counter/tickets", policy_id="P-001").get_data(as_text=True)
        assert "0001" in page
    with clock.frozen(END + timedelta(minutes=40)):
        assert "E208" in counter.call().get_data(as_text=True)
        assert counter.call(ticket="2").status_code == 422
        assert counter.call(ticket="1").status_code == 303
        counter.first_tap("TP-02")
        counter.press("agree", **CONSENT)
        assert counter.press("service", service_id="SVC-QR-01").status_code == 303
        answer = counter.press("account", account=ACCOUNT, security_code=CODE)
        assert answer.status_code == 303, error_code(answer)
        counter.press("confirm", confirmed="yes")
        counter.second_tap("TP-02")
        assert counter.stage() == "done"
        assert counter.call(ticket="1").status_code == 422, "a ticket is used once"
    (application,) = counter.service.applications()
    assert application.state == "approved"
    assert application.came_at == END


def test_no_ticket_is_given_out_after_the_end(counter: Counter) -> None:
    with clock.frozen(END + timedelta(minutes=40)):
        answer = counter.desk.send("/counter/tickets", policy_id="P-001")
    check_is_clear(answer, 422)
    assert "E208" in answer.get_data(as_text=True)


def to_second_tap(counter: Counter, person_id: str, account: str) -> None:
    """With ticket 1, up to the question for the second tap."""
    assert counter.call(ticket="1").status_code == 303
    counter.first_tap(person_id)
    counter.press("agree", **CONSENT)
    counter.press("service", service_id="SVC-QR-01")
    assert counter.press("account", account=account, security_code=CODE).status_code == 303
    counter.press("confirm", confirmed="yes")


def test_two_visits_with_one_ticket_at_two_terminals_give_one_application(counter: Counter) -> None:
    """A ticket is somebody's only when the application is in; the second of two is told so, and nothing is sent."""
    _, colleague = signed_in_staff(counter.service, "2番窓口", "ST-05")
    with clock.frozen(END):
        counter.desk.send("/counter/tickets", policy_id="P-001")
    with clock.frozen(END + timedelta(minutes=40)):
        to_second_tap(counter, "TP-02", ACCOUNT)
        to_second_tap(colleague, "TP-29", "5555666677778")
        counter.second_tap("TP-02")
        assert counter.stage() == "done"
        colleague.second_tap("TP-29")
        assert colleague.stage() == "ended"
        assert "この整理券は、ほかの方の受付で使われています" in screen_page(colleague)
    assert drafts(counter) == ["approved"], "no draft of the other stays either"


def test_a_refused_application_leaves_the_ticket_good(counter: Counter) -> None:
    with clock.frozen(END):
        counter.desk.send("/counter/tickets", policy_id="P-001")
    with clock.frozen(END + timedelta(minutes=40)):
        to_second_tap(counter, "TP-02", ACCOUNT)
        counter.second_tap("TP-29")
        assert counter.stage() == "ended"
        to_second_tap(counter, "TP-02", ACCOUNT)
        counter.second_tap("TP-02")
        assert counter.stage() == "done"


def test_the_day_that_is_printed_tells_two_tickets_of_one_number_apart(counter: Counter) -> None:
    with clock.frozen(END - timedelta(days=1)):
        counter.desk.send("/counter/tickets", policy_id="P-001")
    with clock.frozen(END):
        counter.desk.send("/counter/tickets", policy_id="P-001")
        assert counter.call(ticket="1", ticket_day="2027-01-29").status_code == 422
        asked = counter.call(ticket="1")
        check_is_clear(asked, 422)
        assert "ほかの日にもあります" in asked.get_data(as_text=True), "or the other day's holder would lose theirs"
        assert counter.call(ticket="1", ticket_day="gestern").status_code == 422
        assert counter.call(ticket="1", ticket_day="2027-01-30").status_code == 303
        counter.first_tap("TP-02")
        (draft,) = counter.service.applications()
        assert draft.came_at == END - timedelta(days=1)


def test_after_the_end_the_policy_is_offered_to_who_holds_a_ticket_and_only_then(counter: Counter) -> None:
    after = END + timedelta(minutes=40)
    with clock.frozen(after):
        assert "整理券をお持ちの方だけ" not in desk_page(counter)
    with clock.frozen(END):
        counter.desk.send("/counter/tickets", policy_id="P-001")
    with clock.frozen(after):
        assert "整理券をお持ちの方だけ" in desk_page(counter)


def test_a_ticket_that_is_not_found_leaves_the_form_as_it_was_filled_in(counter: Counter) -> None:
    """Else the second press would call a grown-up with a PIN, where a child without one was chosen."""
    answer = counter.call("P-001", ticket="7", **{"for": "child", "card": "no_pin"})
    check_is_clear(answer, 422)
    page = answer.get_data(as_text=True)
    for chosen in ('value="P-001" selected', 'value="7"'):
        assert chosen in page
    for value in ("no_pin", "child"):
        assert re.search(rf'value="{value}" checked', page), value
