"""Who applied on paper comes with the card: staff find the paper, the person chooses the service; nothing is joined
silently, and nobody gets the benefit twice, whichever came first."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app import applications, clock, db, people, screening
from app.counter import follow
from tests.points.conftest import books_are_right
from tests.web.service import ACCOUNT, STEPS, check_is_clear, error_code, person
from tests.web_counter.hands import CONSENT, Counter, desk_page, screen_page, signed_in_staff
from tests.web_counter.papers import (
    DAY,
    a_ticket,
    approve_paper,
    card_is_read,
    choose,
    error_texts,
    find,
    paper,
    paper_of,
    receipt_in,
)

OTHER_ACCOUNT = "5555666677778"
TODAY = datetime.fromisoformat("2026-11-20T17:10:00+09:00")
"""P-001 is open; whoever comes now applies as well."""


@pytest.fixture(autouse=True)
def _ticket(counter: Counter) -> Iterator[None]:
    with a_ticket(counter):
        yield


def test_who_applied_on_paper_chooses_the_service_at_the_counter_and_gets_the_points(counter: Counter) -> None:
    receipt = receipt_in(paper(counter))
    approve_paper(counter)
    card_is_read(counter)
    assert "係の者が、申込を探しています" in screen_page(counter)
    assert find(counter, receipt=receipt).status_code == 303
    choose(counter)
    assert counter.stage() == "done", counter.row().ended_code
    page = desk_page(counter)
    assert receipt in page
    assert ACCOUNT[-4:] in page
    (sent,) = counter.service.applications()
    assert (sent.state, sent.service_id, sent.choose_later) == ("approved", "SVC-QR-01", True)
    (grant,) = _grants()
    assert (grant["state"], grant["person_id"]) == ("ordered", sent.beneficiary_id)
    assert books_are_right()


def test_it_can_be_chosen_before_the_decision_and_is_ordered_with_it(counter: Counter) -> None:
    receipt = receipt_in(paper(counter))
    card_is_read(counter)
    assert find(counter, receipt=receipt).status_code == 303
    choose(counter)
    assert counter.stage() == "done", counter.row().ended_code
    assert paper_of(counter).state == "screening"
    approve_paper(counter)
    (grant,) = _grants()
    assert grant["state"] == "ordered"
    assert books_are_right()


def test_the_ticket_finds_the_paper_as_well(counter: Counter) -> None:
    paper(counter)
    card_is_read(counter)
    check_is_clear(find(counter, ticket="1"), 422)
    check_is_clear(find(counter, ticket="1", ticket_day="2027-01-30"), 422)
    assert find(counter, ticket="1", ticket_day=DAY).status_code == 303
    assert counter.stage() == "service"


def test_from_then_on_the_application_is_the_card_holders(counter: Counter) -> None:
    receipt = receipt_in(paper(counter))
    approve_paper(counter)
    before = paper_of(counter).applicant_id
    card_is_read(counter)
    find(counter, receipt=receipt)
    assert paper_of(counter).applicant_id == before, "nothing is joined before the second tap"
    choose(counter)
    assert counter.stage() == "done"
    sent = paper_of(counter)
    assert sent.applicant_id == sent.beneficiary_id == _holder("TP-02") != before
    with db.reading() as session:
        (view,) = applications.applications_of(session, sent.applicant_id)
        by_person = session.execute(
            text(
                "SELECT person_id, sum(CASE to_account WHEN 'BUDGET' THEN -amount ELSE amount END) AS points"
                " FROM ledger_entries WHERE 'BUDGET' IN (from_account, to_account) AND application_id IS NOT NULL"
                " GROUP BY person_id"
            )
        ).all()
    assert view.receipt_no == receipt
    assert {row.person_id: row.points for row in by_person} == {before: 0, sent.applicant_id: sent.amount}
    assert counter.service.rows("person_facts") == 2, (
        "what the paper said is kept with the person, to be erased with it"
    )


@pytest.mark.parametrize(
    ("item", "typed", "word"),
    [
        ("name", "吉田　浜雄", "氏名"),
        ("address", "みらい県あさひ市本町１丁目２番４号", "住所"),
        ("birth_date", "1975-08-18", "生年月日"),
        ("sex", "2", "性別"),
    ],
)
def test_one_item_that_differs_joins_nothing_and_says_which(counter: Counter, item: str, typed: str, word: str) -> None:
    receipt = receipt_in(paper(counter, **{item: typed}))
    card_is_read(counter)
    refused = find(counter, receipt=receipt)
    check_is_clear(refused, 422)
    (said,) = error_texts(refused)
    assert f"紙の申込とカードで、{word}が同じと言えません" in said
    assert "審査の担当(別の職員)" in said
    assert person("TP-02").name not in refused.get_data(as_text=True)
    assert counter.stage() == "find"
    assert paper_of(counter).applicant_id != _holder("TP-02")


def test_another_hand_for_the_same_items_is_the_same_person(counter: Counter) -> None:
    typed = {"name": "吉田　浜男", "address": "みらい県あさひ市本町1-2-3 みどり荘201"}
    receipt = receipt_in(paper(counter, **typed))
    card_is_read(counter)
    assert find(counter, receipt=receipt).status_code == 303


def test_somebody_elses_number_is_like_none(counter: Counter) -> None:
    receipt = receipt_in(paper(counter))
    answers = []
    card_is_read(counter, "TP-29")
    for number in ("P001-0000-0000", "x", receipt):
        answers.append(error_texts(find(counter, receipt=number)))
    assert answers[0] == answers[1]
    assert "同じと言えません" in answers[2][0]
    counter.cancel()
    assert counter.service.rows("person_facts") == 1, "what was read of the other card is gone"


def test_br_31_a_protected_persons_paper_is_not_found(counter: Counter) -> None:
    receipt = receipt_in(paper(counter))
    boss = screening.Staff("ST-03", frozenset({"approver"}))
    applications.set_support_measure(paper_of(counter).beneficiary_id, boss)
    card_is_read(counter)
    unknown = error_texts(find(counter, receipt="P001-0000-0000"))
    assert error_texts(find(counter, receipt=receipt)) == unknown


def test_paper_first_then_card_the_desk_asks_before_anything_new_begins(counter: Counter) -> None:
    with clock.frozen(TODAY):
        _paper_of_today(counter)
        counter.call()
        counter.first_tap("TP-02")
        assert counter.stage() == "find"
        assert "紙の申込があります" in desk_page(counter)
        assert len(counter.service.applications()) == 1, "no second application has begun"
        assert find(counter, receipt=str(paper_of(counter).receipt_no)).status_code == 303
        choose(counter)
        assert counter.stage() == "done"
    assert len(counter.service.applications()) == 1


def test_br_14_who_says_that_it_is_another_persons_applies_and_is_looked_at(counter: Counter) -> None:
    with clock.frozen(TODAY):
        _paper_of_today(counter)
        counter.call()
        counter.first_tap("TP-02")
        gone_on = counter.desk.send("/counter/apply-instead", visit=str(counter.row().id))
        assert gone_on.status_code == 303
        assert counter.stage() == "judged"
        counter.press("agree", **CONSENT)
        choose(counter)
        assert counter.stage() == "done"
    states = {row.channel: (row.state, row.duplicate_suspected) for row in counter.service.applications()}
    assert states == {"paper": ("screening", False), "counter": ("screening", True)}


def test_e206_card_first_then_paper_is_not_taken_up(counter: Counter) -> None:
    with clock.frozen(TODAY):
        counter.serve("TP-02")
        counter.finish()
    receipt = receipt_in(paper(counter))
    card_is_read(counter)
    refused = find(counter, receipt=receipt)
    assert error_code(refused) == "E206"
    assert len(_grants()) == 1


def test_the_database_lets_one_application_stand_whoever_comes_first(counter: Counter) -> None:
    with clock.frozen(TODAY):
        counter.serve("TP-02")
        counter.finish()
    paper(counter)
    with pytest.raises(IntegrityError, match="uq_applications_beneficiary"), db.transaction() as session:
        session.execute(
            text("UPDATE applications SET applicant_id = :one, beneficiary_id = :one WHERE channel = 'paper'"),
            {"one": _holder("TP-02")},
        )


def test_the_database_lets_only_the_paper_of_nobody_known_pass_to_a_card_holder(counter: Counter) -> None:
    """Promise 2: whose application it is stays as it was sent, for every other one and ever after."""
    receipt = receipt_in(paper(counter))
    card_is_read(counter)
    find(counter, receipt=receipt)
    choose(counter)
    assert counter.stage() == "done"
    counter.finish()
    card_is_read(counter, "TP-29")
    with pytest.raises(IntegrityError, match="keeps what was decided"), db.transaction() as session:
        session.execute(
            text("UPDATE applications SET applicant_id = :one, beneficiary_id = :one"), {"one": _holder("TP-29")}
        )


def test_a_paper_taken_up_and_an_application_by_phone_at_once_are_one(counter: Counter) -> None:
    with clock.frozen(TODAY):
        _paper_of_today(counter)
        receipt = str(paper_of(counter).receipt_no)
        phone = counter.service.browser()
        token = phone.to_confirm("TP-02", account=OTHER_ACCOUNT)
        card_is_read(counter)
        find(counter, receipt=receipt)
        counter.press("service", service_id="SVC-QR-01")
        counter.press("account", account=ACCOUNT, security_code="1234")
        counter.press("confirm", confirmed="yes")
        counter.second_tap("TP-02")
        terminal = counter.terminal.terminal_id
        with ThreadPoolExecutor(2) as both:
            taken = both.submit(follow, terminal)
            sent = both.submit(phone.send, f"{STEPS}/confirm", form_token=token, confirmed="yes")
            assert taken.result() is not None
            assert sent.result().status_code in (303, 409, 422)
    standing = [row for row in counter.service.applications() if row.state != "started"]
    mine = [row for row in standing if row.beneficiary_id == _holder("TP-02")]
    assert len(mine) == 1
    assert [row.duplicate_suspected for row in standing if row not in mine] in ([], [False])
    assert len([row for row in standing if row.state == "approved"]) <= 1
    assert books_are_right()


def test_two_counters_with_one_paper_give_it_to_one(counter: Counter) -> None:
    """A father and a son of one name, or a stolen receipt: the first second tap counts."""
    receipt = receipt_in(paper(counter))
    approve_paper(counter)
    _, colleague = signed_in_staff(counter.service, "2番窓口", "ST-05")
    for each in (counter, colleague):
        card_is_read(each)
        assert find(each, receipt=receipt).status_code == 303
        each.press("service", service_id="SVC-QR-01")
        each.press("account", account=ACCOUNT, security_code="1234")
        each.press("confirm", confirmed="yes")
    for each in (counter, colleague):
        each.second_tap("TP-02")
    assert counter.stage() == "done"
    assert colleague.stage() == "done", "the same person and the same choice: nothing to say against it"
    assert len(_grants()) == 1
    assert books_are_right()


def test_sent_again_after_a_crash_it_is_done_though_the_order_is_out(counter: Counter) -> None:
    receipt = receipt_in(paper(counter))
    approve_paper(counter)
    card_is_read(counter)
    find(counter, receipt=receipt)
    choose(counter)
    assert counter.stage() == "done"
    with db.transaction() as session:
        session.execute(text("UPDATE counter_sessions SET state = 'second_tap_ok', receipt_no = NULL"))
    assert counter.stage() == "done"
    assert len(_grants()) == 1


def test_br_50_nothing_of_a_choice_that_was_given_up_stays(counter: Counter) -> None:
    receipt = receipt_in(paper(counter))
    card_is_read(counter)
    find(counter, receipt=receipt)
    counter.press("service", service_id="SVC-QR-01")
    counter.press("account", account=ACCOUNT, security_code="1234")
    assert counter.stage() == "read_back"
    counter.cancel()
    row = counter.row()
    assert (row.chosen_service, row.chosen_account_enc, row.chosen_last4, row.person_id) == (None, None, None, None)
    assert paper_of(counter).service_id is None
    with pytest.raises(IntegrityError, match="wiped_holds_nothing"), db.transaction() as session:
        session.execute(text("UPDATE counter_sessions SET chosen_last4 = '1234'"))


def test_br_52_staff_who_look_too_long_end_the_visit(counter: Counter) -> None:
    card_is_read(counter)
    counter.nobody_does_anything(301)
    assert counter.stage() == "ended"
    assert counter.row().ended_code == "E114"


def test_e801_another_card_at_the_second_tap_joins_nothing(counter: Counter) -> None:
    receipt = receipt_in(paper(counter))
    card_is_read(counter)
    find(counter, receipt=receipt)
    choose(counter, "TP-29")
    assert counter.stage() == "ended"
    assert counter.row().ended_code == "E801"
    assert paper_of(counter).service_id is None


def test_a_card_without_pins_does_not_take_up_a_paper_alone(counter: Counter) -> None:
    receipt = receipt_in(paper(counter))
    counter.call(**{"for": "choose", "card": "no_pin"})
    counter.touched_without_pin("TP-02")
    assert counter.stage() == "identify"
    someone = person("TP-02")
    fields = {"name": someone.name, "address": someone.address, "sex": someone.sex, "face": "yes"}
    counter.desk.send(
        "/counter/identify", visit=str(counter.row().id), birth_date=someone.birth_date.isoformat(), **fields
    )
    assert counter.stage() == "find"
    (said,) = error_texts(find(counter, receipt=receipt))
    assert "審査の担当(別の職員)" in said


def test_a_choice_left_for_later_on_the_phone_is_made_at_the_counter(counter: Counter) -> None:
    with clock.frozen(TODAY):
        phone = counter.service.browser()
        phone.to_account("TP-02")
        assert phone.send(f"{STEPS}/service", service_id="later").status_code == 303
        found = re.search(r'name="form_token" value="([^"]+)"', phone.get(f"{STEPS}/confirm").get_data(as_text=True))
        assert found
        assert phone.send(f"{STEPS}/confirm", form_token=found[1], confirmed="yes").status_code == 303
        (sent,) = counter.service.applications()
        card_is_read(counter)
        assert find(counter, receipt=str(sent.receipt_no)).status_code == 303
        choose(counter)
        assert counter.stage() == "done"
    (sent,) = counter.service.applications()
    assert sent.service_id == "SVC-QR-01"


def test_a_page_left_open_finds_nothing_for_the_next(counter: Counter) -> None:
    receipt = receipt_in(paper(counter))
    card_is_read(counter)
    old = str(counter.row().id)
    card_is_read(counter, "TP-29")
    assert counter.desk.send("/counter/find", visit=old, receipt=receipt).status_code == 303
    assert counter.desk.send("/counter/apply-instead", visit=old).status_code == 303
    assert counter.stage() == "find"


def test_looking_is_on_the_audit_found_or_not(counter: Counter) -> None:
    receipt = receipt_in(paper(counter, sex="2"))
    card_is_read(counter)
    find(counter, receipt="P001-0000-0000")
    find(counter, receipt=receipt)
    with db.reading() as session:
        facts = session.scalars(
            text("SELECT facts FROM audit_events WHERE action = 'counter.application_not_found' ORDER BY id")
        ).all()
    assert [one["differs"] for one in facts] == ["", "sex"]


def _paper_of_today(counter: Counter) -> None:
    counter.desk.send("/counter/tickets", policy_id="P-001")
    answer = paper(counter, day=f"{clock.today()}")
    assert answer.status_code == 200, error_texts(answer)


def _holder(person_id: str) -> object:
    key = people.person_key(f"certificate of {person_id}".encode())
    with db.reading() as session:
        return session.scalar(text("SELECT person_id FROM person_keys WHERE key = :key"), {"key": key})


def _grants() -> list[dict[str, object]]:
    with db.reading() as session:
        return [dict(row._mapping) for row in session.execute(text("SELECT state, person_id FROM grants"))]
