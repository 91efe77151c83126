"""整理券: who held one at closing time came in time."""

from __future__ import annotations

from datetime import datetime, timedelta

from app import clock
from tests.web.service import ACCOUNT, CODE, check_is_clear, error_code
from tests.web_counter.hands import (
    CONSENT,
    Counter,
)

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
