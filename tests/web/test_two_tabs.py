"""Two tabs, a lost answer, another person's card meanwhile: nothing lost, nothing doubled, and the page says it."""

from __future__ import annotations

from tests.web.service import CODE, STEPS, Service, error_code
from tests.web.test_guardian_pages import words


def test_an_answer_that_was_lost_on_the_way_is_the_same_receipt_again(service: Service) -> None:
    browser = service.browser()
    token = browser.to_confirm("TP-29")
    first = browser.send(f"{STEPS}/confirm", form_token=token, confirmed="yes")
    again = browser.send(f"{STEPS}/confirm", form_token=token, confirmed="yes")
    assert first.headers["Location"].partition("?")[0] == again.headers["Location"].partition("?")[0]
    assert len(service.applications()) == 1


def test_what_one_tab_read_back_is_not_sent_after_the_other_tab_changed_it(service: Service) -> None:
    browser = service.browser()
    old = browser.to_confirm("TP-29")
    browser.send(f"{STEPS}/service", service_id="SVC-QR-01")
    browser.send(f"{STEPS}/account", account="5555666677778", security_code=CODE)
    refused = browser.send(f"{STEPS}/confirm", form_token=old, confirmed="yes")
    assert error_code(refused) == "E504"
    assert "もう一度お願いします" in words(refused)
    assert [row.state for row in service.applications()] == ["started"]


def test_another_persons_card_in_one_tab_sends_nothing_of_the_first_from_the_other(service: Service) -> None:
    browser = service.browser()
    old = browser.to_confirm("TP-29")
    browser.read_card("TP-02")
    refused = browser.send(f"{STEPS}/confirm", form_token=old, confirmed="yes")
    assert refused.status_code in (303, 409)
    assert {row.state for row in service.applications()} == {"started"}
    assert "有村" not in words(browser.get(f"{STEPS}/result"))
