"""A visit at the counter from 「次の方」 to the receipt: whose act is what, and what the other side sees (K1 to K8)."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from app import db, people
from app.audit import AuditEvent
from app.my_number import looks_like_my_number
from app.organisations import Role
from tests.organisations.counter import add_clerk
from tests.web.service import ACCOUNT, CODE, Service, check_is_clear, error_code, heading, person
from tests.web_counter.hands import (
    CONSENT,
    Counter,
    desk_page,
    drafts,
    screen_page,
    signed_in_staff,
)

OTHER_ACCOUNT = "5555666677778"


def test_one_person_is_served_from_the_call_to_the_receipt(counter: Counter) -> None:
    receipt = counter.serve("TP-02")
    (application,) = counter.service.applications()
    assert (application.state, application.channel, application.receipt_no) == ("approved", "counter", receipt)
    assert (application.staff_id, application.terminal_id) == ("ST-01", counter.terminal.terminal_id)
    page = desk_page(counter)
    assert receipt in page
    assert "…4" in page or ACCOUNT[-4:] in page
    assert "手続が終わりました。カードをお取りください" in screen_page(counter)


def test_br_54_the_receipt_has_the_service_and_four_digits_and_nothing_else_of_the_person(counter: Counter) -> None:
    counter.serve("TP-02")
    page = desk_page(counter)
    someone = person("TP-02")
    assert "みらいPay" in page
    assert ACCOUNT[-4:] in page
    for hidden in (ACCOUNT, someone.name, someone.address, someone.name.split("　")[0]):
        assert hidden not in page


def test_br_53_staff_see_no_pin_no_full_id_and_no_name_at_any_step(counter: Counter) -> None:
    seen = []
    counter.call()
    seen.append(desk_page(counter))
    counter.first_tap("TP-02")
    seen.append(desk_page(counter))
    counter.press("agree", **CONSENT)
    counter.press("service", service_id="SVC-QR-01")
    seen.append(desk_page(counter))
    counter.press("account", account=ACCOUNT, security_code=CODE)
    seen.append(desk_page(counter))
    someone = person("TP-02")
    for page in seen:
        for hidden in (ACCOUNT, ACCOUNT[-4:], someone.name, someone.address, someone.name.split("　")[0]):
            assert hidden not in page
        assert not re.search(r'<input[^>]*name="[^"]*pin', page)
    assert len(set(seen)) == len(seen), "each step says where it is"


def test_the_read_back_shows_a_masked_name_and_the_last_four_digits(counter: Counter) -> None:
    counter.to_read_back("TP-02")
    page = screen_page(counter)
    assert person("TP-02").name not in page
    assert person("TP-02").name[0] + "*" in page
    assert ACCOUNT not in page
    assert ACCOUNT[-4:] in page


def test_br_50_the_next_person_meets_an_empty_form(counter: Counter) -> None:
    """A leaves at the service step, B taps: no trace of A in any page."""
    counter.to_account("TP-02")
    before = screen_page(counter)
    counter.call()
    counter.first_tap("TP-29")
    after = [screen_page(counter), desk_page(counter)]
    assert "みらいPay" in before
    assert all("みらいPay" not in page for page in after)
    assert counter.stage() == "judged"
    assert drafts(counter) == ["started"]


def test_br_50_a_draft_begun_on_the_phone_is_not_gone_on_with_at_the_counter(
    counter: Counter, service: Service
) -> None:
    service.browser().to_confirm("TP-02")
    counter.call()
    counter.first_tap("TP-02")
    assert counter.stage() == "judged"
    (draft,) = service.applications()
    assert (draft.channel, draft.draft_account_enc, draft.service_id) == ("counter", None, None)


def test_a_card_that_is_lifted_before_its_pin_is_asked_for_again(counter: Counter) -> None:
    """A guardian's own card still lay there, or the wrong one: no page says that it is being read."""
    counter.call()
    counter.reader_is("waiting_pin")
    assert counter.stage() == "pin"
    counter.reader_is("waiting_card")
    assert counter.stage() == "card"
    assert "マイナンバーカードを、読み取り機に置いてください" in screen_page(counter)
    counter.first_tap("TP-02")
    assert counter.stage() == "judged"


def test_br_50_a_card_that_was_left_there_is_taken_away_before_anything_is_asked_for(counter: Counter) -> None:
    counter.call()
    counter.reader_is("waiting_removal")
    assert counter.stage() == "remove"
    page = screen_page(counter)
    assert "先に、置いてあるカードを取ってください" in page
    assert "まだ暗証番号は入力しません" in page
    assert 'id="confirmation-digits"' not in page
    assert "前のカードが、まだ読み取り機にあります" in desk_page(counter)
    counter.reader_is("waiting_card")
    assert counter.stage() == "card"


def test_br_51_the_second_tap_of_the_same_card_saves(counter: Counter) -> None:
    counter.to_read_back("TP-02")
    assert drafts(counter) == ["started"]
    counter.press("confirm", confirmed="yes")
    counter.second_tap("TP-02")
    assert counter.stage() == "done"
    assert drafts(counter) == ["approved"]


def test_without_the_tick_nothing_goes_on(counter: Counter) -> None:
    counter.to_read_back("TP-02")
    check_is_clear(counter.press("confirm"), 422)
    assert counter.stage() == "read_back"


def test_br_53_a_counter_record_without_staff_is_refused_by_the_database(counter: Counter) -> None:
    counter.serve("TP-02")
    with pytest.raises(IntegrityError, match="a_counter_names_its_staff"), db.transaction() as session:
        session.execute(text("UPDATE applications SET staff_id = NULL"))
    with pytest.raises(IntegrityError), db.transaction() as session:
        session.execute(text("UPDATE counter_sessions SET staff_id = NULL"))


def test_staff_terminal_and_time_are_on_every_record_of_the_visit(counter: Counter) -> None:
    counter.serve("TP-02")
    counter.finish()
    with db.reading() as session:
        found = [
            (event.action, event.actor, event.facts["terminal"])
            for event in session.scalars(select(AuditEvent).order_by(AuditEvent.id))
            if event.action.startswith("counter.")
        ]
    assert [action for action, _, _ in found] == [
        "counter.called",
        "counter.bound",
        "counter.second_tap",
        "counter.done",
        "counter.wiped",
    ]
    assert {(actor, terminal) for _, actor, terminal in found} == {("ST-01", str(counter.terminal.terminal_id))}


def test_a_receipt_is_gone_after_the_end_and_no_later_person_finds_it(counter: Counter) -> None:
    receipt = counter.serve("TP-02")
    counter.finish()
    assert receipt not in desk_page(counter)
    counter.call()
    assert receipt not in desk_page(counter) + screen_page(counter)


def test_pressed_twice_the_second_tap_is_asked_for_once_and_one_application_comes_of_it(counter: Counter) -> None:
    counter.to_read_back("TP-02")
    counter.press("confirm", confirmed="yes")
    first = counter.waiting_for()
    counter.press("confirm", confirmed="yes")
    assert counter.waiting_for() == first
    counter.second_tap("TP-02")
    assert counter.stage() == "done"
    assert counter.stage() == "done"
    assert drafts(counter) == ["approved"]


def test_the_service_can_be_chosen_again_until_the_second_tap(counter: Counter) -> None:
    counter.to_read_back("TP-02")
    assert counter.press("change").status_code == 303
    assert counter.stage() == "service"
    counter.press("service", service_id="SVC-QR-01")
    assert "value" not in re.search(r'<input[^>]*id="account"[^>]*>', screen_page(counter))[0].replace('value=""', "")


def test_a_wrong_number_stays_to_be_put_right_and_a_code_never_does(counter: Counter) -> None:
    counter.to_account("TP-02")
    answer = counter.press("account", account="123", security_code="9876")
    check_is_clear(answer, 422)
    page = answer.get_data(as_text=True)
    assert error_code(answer) == "E301"
    assert 'value="123"' in page
    assert "9876" not in page


def test_a_my_number_is_refused_and_not_put_back(counter: Counter) -> None:
    counter.to_account("TP-02")
    answer = counter.press("account", account="1234-5678-9018", security_code=CODE)
    assert error_code(answer) == "E309"
    assert "9018" not in answer.get_data(as_text=True)


def test_a_visit_whose_own_name_holds_twelve_digits_that_fit_is_no_my_number(counter: Counter) -> None:
    """One in 800 of our own names looks like it: whoever got it could not have agreed to anything."""
    counter.call()
    counter.first_tap("TP-02")
    fits = next(name for n in range(10_000) if looks_like_my_number(name := f"01a0b2c3-d4e5-7abc-8def-{n:012d}"))
    assert error_code(counter.press("agree", visit=fits, **CONSENT)) != "E309"
    assert counter.stage() == "judged", "another visit's form does nothing"
    for typed in (fits[24:], f" {fits}", fits.replace("-7abc", "-1abc"), fits.upper()):
        assert error_code(counter.press("agree", visit=typed, **CONSENT)) == "E309", typed


def test_who_fails_a_condition_may_ask_staff_to_look(service: Service) -> None:
    _, counter = signed_in_staff(service, "はなの窓口", "ST-21", town="992038")
    counter.call("P-004")
    counter.first_tap("TP-10")
    assert counter.stage() == "judged"
    refused = counter.press("agree", **CONSENT)
    check_is_clear(refused, 422)
    assert counter.press("agree", **CONSENT, ask_staff="yes").status_code == 303
    assert counter.stage() == "service"


def test_who_applied_already_is_told_without_a_number_of_the_first(counter: Counter) -> None:
    receipt = counter.serve("TP-02")
    counter.finish()
    counter.call()
    counter.first_tap("TP-02")
    assert counter.stage() == "ended"
    assert receipt not in screen_page(counter) + desk_page(counter)
    assert "E206" in desk_page(counter)


def test_four_eyes_staff_do_not_receive_their_own_application(service: Service) -> None:
    from app import organisations
    from app.pii import Private

    _, counter = signed_in_staff(service, "1番窓口", "ST-09")
    own = person("TP-02")
    items = people.FourItems(
        Private(own.name), Private("elsewhere"), Private(f"{own.birth_date:%Y%m%d}"), Private(own.sex)
    )
    with db.transaction() as session:
        made = organisations.add_staff(
            session, staff_id="ST-10", municipality_code="992011", name="本人", roles={Role.COUNTER}, own=items
        )
        session.execute(
            text(
                "UPDATE staff_accounts SET own_fingerprint ="
                " (SELECT own_fingerprint FROM staff_accounts WHERE staff_id = 'ST-10') WHERE staff_id = 'ST-09'"
            )
        )
    assert made.staff_id == "ST-10"
    counter.call()
    counter.first_tap("TP-02")
    assert counter.stage() == "ended"
    assert "この窓口では受け付けられません" in screen_page(counter)
    assert drafts(counter) == []


def test_only_counter_staff_receive_people(service: Service) -> None:
    _, counter = signed_in_staff(service, "1番窓口", "ST-03", Role.APPROVER)
    assert counter.call().status_code == 403
    assert counter.desk.send("/counter/cancel").status_code == 403
    assert counter.desk.send("/counter/documents", document="0").status_code == 403


def test_a_policy_that_takes_no_applications_is_refused_with_its_reason(counter: Counter) -> None:
    answer = counter.call("P-014")
    check_is_clear(answer, 422)
    assert "E208" in answer.get_data(as_text=True)
    assert heading(counter.call("P-999")) == "次の方の受付"


def test_a_counter_serves_its_own_municipality_and_prefecture_and_nobody_elses_policy(counter: Counter) -> None:
    """What its reader saw would count as attended by a municipality that has nothing to do with it."""
    for elsewhere in ("P-004", "P-002", "P-018"):
        check_is_clear(counter.call(elsewhere), 422)
        check_is_clear(counter.desk.send("/counter/tickets", policy_id=elsewhere), 422)
    assert counter.service.rows("counter_sessions") == counter.service.rows("queue_tickets") == 0
    assert counter.call("P-013").status_code == 303, "the prefecture's"


def test_e804_an_absent_reader_is_said_before_anybody_sits_down(counter: Counter) -> None:
    with db.transaction() as session:
        session.execute(text("UPDATE agents SET last_seen_at = now() - interval '5 minutes'"))
    answer = counter.call()
    check_is_clear(answer, 422)
    assert "E804" in answer.get_data(as_text=True)
    assert "紙の受付票" in answer.get_data(as_text=True)


def test_a_screen_of_another_terminal_shows_nothing_of_this_visit(counter: Counter, service: Service) -> None:
    _, other = signed_in_staff(service, "2番窓口", "ST-05")
    counter.to_account("TP-02")
    assert other.stage() == "idle"
    stolen = str(counter.row().id)
    assert other.press("account", visit=stolen, account=ACCOUNT, security_code=CODE).status_code == 303
    assert counter.stage() == "account"


def test_a_browser_that_is_no_screen_gets_nothing(counter: Counter, service: Service) -> None:
    stranger = service.browser()
    counter.to_account("TP-02")
    assert stranger.get("/screen/state").status_code == 410
    for action in ("active", "agree", "service", "account", "change", "confirm", "leave"):
        assert stranger.send(f"/screen/{action}").status_code == 410
    assert counter.stage() == "account"
    assert counter.desk.get("/screen/state").status_code == 410, "staff's browser cannot type for the person"


def test_the_language_chosen_by_one_person_is_not_that_of_the_next(counter: Counter) -> None:
    counter.to_account("TP-02")
    assert counter.screen.get("/screen?lang=en").headers["Location"].endswith("/screen")
    assert '<html lang="en"' in screen_page(counter)
    counter.press("leave")
    screen_page(counter)
    assert '<html lang="ja"' in screen_page(counter)


def test_three_people_in_a_row_and_no_trace_of_the_one_before(counter: Counter) -> None:
    people_and_accounts = (("TP-02", ACCOUNT), ("TP-29", OTHER_ACCOUNT), ("TP-10", "9999888877776"))
    pages: list[str] = []
    receipts: list[str] = []
    for person_id, account in people_and_accounts:
        counter.to_read_back(person_id, account)
        pages.append(screen_page(counter) + desk_page(counter))
        counter.press("confirm", confirmed="yes")
        counter.second_tap(person_id)
        pages[-1] += screen_page(counter) + desk_page(counter)
        receipts.append(counter.row().receipt_no or "")
        counter.finish()
    for number, page in enumerate(pages):
        others = [one for n, one in enumerate(people_and_accounts) if n != number]
        for person_id, account in others:
            assert account[-4:] not in page
            assert (
                f"{person(person_id).name[0]}*" not in page
                or person(person_id).name[0] == person(people_and_accounts[number][0]).name[0]
            )
        for n, receipt in enumerate(receipts):
            assert (receipt in page) == (n == number)


def test_a_second_desk_does_not_share_the_visit(counter: Counter, service: Service) -> None:
    counter.to_account("TP-02")
    assert add_clerk("ST-07").staff_id == "ST-07"
    _, other = signed_in_staff(service, "3番窓口", "ST-08")
    other.desk.send("/counter/cancel", visit=str(counter.row().id))
    assert counter.stage() == "account"


def test_k8_the_receipt_names_the_telephone_number_where_there_is_one(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter.serve("TP-02")
    assert "電話" not in desk_page(counter)
    with_phone = counter.service.settings.model_copy(update={"help_phone": "0120-000-000"})
    monkeypatch.setitem(counter.service.app.extensions, "todoke", with_phone)
    page = desk_page(counter)
    assert "給付担当窓口 電話 0120-000-000" in page
    assert "2026年" in page, "a paper that is kept says the year"
