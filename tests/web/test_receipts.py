"""A receipt number opens nothing by itself: only the person who applied sees the application."""

from __future__ import annotations

import re

from werkzeug.test import TestResponse

from app.applications.receipt_no import new_receipt_no
from tests.web.service import POLICY, Browser, check_is_clear


def without_reference(response: TestResponse) -> tuple[int, str]:
    """A page without what differs with every answer: the reference of the request and the nonce of its scripts."""
    page = re.sub(r'nonce="[^"]+"', "", response.get_data(as_text=True))
    return response.status_code, re.sub(r"お問い合わせ番号: \w+", "", page)


def test_another_persons_receipt_looks_like_one_that_does_not_exist(browser: Browser) -> None:
    receipt, unknown = browser.apply("TP-02"), new_receipt_no(POLICY)
    other = browser.service.browser()
    other.read_card("TP-10")
    for path in ("", "/state"):
        theirs, none = (other.get(f"/applications/{number}{path}") for number in (receipt, unknown))
        check_is_clear(theirs, 404)
        assert without_reference(theirs) == without_reference(none)
    theirs, none = (other.send(f"/applications/{number}/withdraw") for number in (receipt, unknown))
    check_is_clear(theirs, 404)
    assert without_reference(theirs) == without_reference(none)
    assert receipt not in other.get("/applications").get_data(as_text=True)
    assert browser.get(f"/applications/{receipt}").status_code == 200


def test_without_a_card_every_receipt_leads_to_the_sign_in(browser: Browser) -> None:
    receipt, unknown = browser.apply("TP-02"), new_receipt_no(POLICY)
    nobody = browser.service.browser()
    for number in (receipt, unknown, "x"):
        answer = nobody.get(f"/applications/{number}")
        assert (answer.status_code, answer.headers["Location"]) == (303, "/status")
        check_is_clear(nobody.get(f"/applications/{number}/state"), 404)
        check_is_clear(nobody.send(f"/applications/{number}/withdraw"), 404)


def test_the_state_of_ones_own_application_says_no_more_than_its_word(browser: Browser) -> None:
    receipt = browser.apply("TP-02")
    state = browser.get(f"/applications/{receipt}/state")
    assert set(state.get_json()) == {"word", "final"}
