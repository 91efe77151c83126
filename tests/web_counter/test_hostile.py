"""A colleague at a shared counter who means harm, or only presses on a page that was left open (BR-50, K5)."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from app import db
from tests.web.service import ACCOUNT, CODE, Service, check_is_clear, person
from tests.web_counter.hands import CONSENT, Counter, code_for, desk_page, screen_page

OTHER_ACCOUNT = "5555666677778"


def test_the_screen_left_open_by_one_person_types_nothing_for_the_next(counter: Counter) -> None:
    """A leaves at the ID; B is at the same step; A's page, still open in another tab, is sent: whose ID is it?"""
    counter.to_account("TP-02")
    left_open = str(counter.row().id)
    counter.to_account("TP-29")
    sent = counter.press("account", visit=left_open, account=ACCOUNT, security_code=CODE)
    assert sent.status_code == 303
    assert counter.stage() == "account", "B is asked as before"
    assert ACCOUNT[-4:] not in screen_page(counter)
    (draft,) = counter.service.applications()
    assert draft.draft_account_enc is None


@pytest.mark.parametrize("what", ["active", "agree", "service", "change", "confirm", "leave"])
def test_no_form_of_an_earlier_visit_or_of_none_does_anything(counter: Counter, what: str) -> None:
    counter.to_read_back("TP-02")
    left_open = str(counter.row().id)
    counter.call()
    counter.first_tap("TP-29")
    before = (counter.stage(), counter.row().touched_at)
    everything = {**CONSENT, "service_id": "SVC-QR-01", "confirmed": "yes", "action": "refuse"}
    if what == "agree":
        everything.pop("action")
    for visit in (left_open, "x", "00000000-0000-7000-8000-000000000000"):
        assert counter.press(what, **everything, visit=visit).status_code == 303
    assert (counter.stage(), counter.row().touched_at) == before


def test_a_document_seen_for_one_person_is_not_the_next_ones(counter: Counter) -> None:
    counter.to_account("TP-02")
    left_open = str(counter.row().id)
    counter.to_account("TP-29")
    counter.desk.send("/counter/documents", visit=left_open, document="0")
    assert counter.service.rows("stated_facts") == 0


def test_the_four_items_of_one_person_are_not_bound_to_the_card_of_the_next(counter: Counter) -> None:
    """Two people with cards without PINs, one after the other; the form of the first is sent when the second sits."""
    someone = person("TP-23")
    counter.call(card="no_pin")
    counter.touched_without_pin("TP-23")
    assert counter.stage() == "identify"
    face = {"visit": str(counter.row().id), "name": someone.name, "address": someone.address, "face": "yes"}
    face |= {"birth_date": someone.birth_date.isoformat(), "sex": someone.sex}
    counter.call(card="no_pin")
    counter.touched_without_pin("TP-10")
    assert counter.stage() == "identify"
    assert counter.desk.send("/counter/identify", **face).status_code == 303
    assert counter.stage() == "identify"
    assert counter.service.rows("person_facts") == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "番号は123456789018です"),
        ("address", "１２３４ ５６７８ ９０１８"),
        ("name", "あ" * 201),
        ("address", "あ" * 401),
    ],
    ids=["BR-57 in the name", "BR-57 in the address", "a long name", "a long address"],
)
def test_what_staff_copy_from_a_card_is_checked_by_the_server(counter: Counter, field: str, value: str) -> None:
    someone = person("TP-23")
    counter.call(card="no_pin")
    counter.touched_without_pin("TP-23")
    assert counter.stage() == "identify"
    face = {"visit": str(counter.row().id), "name": someone.name, "address": someone.address, "face": "yes"}
    face |= {"birth_date": someone.birth_date.isoformat(), "sex": someone.sex, field: value}
    answer = counter.desk.send("/counter/identify", **face)
    check_is_clear(answer, 422)
    assert "9018" not in answer.get_data(as_text=True)
    assert "９０１８" not in answer.get_data(as_text=True)
    assert counter.service.rows("person_facts") == 0


def test_k5_the_desks_browser_does_not_become_the_residents_screen(counter: Counter) -> None:
    answer = counter.desk.send("/screen/join", code=code_for(counter.terminal, "screen"))
    check_is_clear(answer, 422)
    assert counter.desk.get("/screen/state").status_code == 410


def test_whoever_calls_the_next_person_gets_no_draft_and_no_receipt_of_the_one_before(counter: Counter) -> None:
    """The colleague presses 「次の方」 in the middle, for a look at what the person before had typed."""
    counter.to_read_back("TP-02", OTHER_ACCOUNT)
    counter.call()
    for page in (desk_page(counter), screen_page(counter)):
        assert OTHER_ACCOUNT[-4:] not in page
    with db.reading() as session:
        assert session.scalar(text("SELECT count(*) FROM applications")) == 0


def test_a_terminal_that_was_given_up_serves_nobody(counter: Counter, service: Service) -> None:
    counter.to_account("TP-02")
    with db.transaction() as session:
        session.execute(text("UPDATE staff_sessions SET ended_at = now()"))
    assert counter.desk.get("/counter/state").status_code == 401
    assert counter.call().status_code == 403
    assert service.rows("applications") == 1
