"""An address is taken, proved by a code, and forgotten; nobody can guess, flood or spy with it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from app import clock, db, notifications
from app.notifications import AddressRefused, Answer, ContactView
from app.notifications.codes import CODE_LIFE
from app.notifications.models import MAX_TRIES
from tests.applications.applicants import Applicant, applicant, apply, open_policy, rows_in
from tests.notifications.conftest import ADDRESS, Post, code_in


def contact(who: Applicant) -> ContactView | None:
    with db.reading() as session:
        return notifications.contact_of(session, who.person_id)


def given(post: Post, address: str = ADDRESS) -> tuple[Applicant, str]:
    who = applicant()
    notifications.give_address(who.person_id, address, "ja")
    (mail,) = post.send()
    assert mail.to == address
    return who, code_in(mail)


def test_the_code_in_the_mail_proves_the_address(post: Post) -> None:
    who, code = given(post)
    assert contact(who) == ContactView("t***@example.jp", is_confirmed=False, has_failed=False, waits_for_code=True)
    assert notifications.confirm_address(who.person_id, f" {code[:3]} {code[3:]} ") is Answer.CONFIRMED
    assert contact(who) == ContactView("t***@example.jp", is_confirmed=True, has_failed=False, waits_for_code=False)
    assert notifications.confirm_address(who.person_id, code) is Answer.OVER, "a code serves once"


def test_full_width_digits_are_digits(post: Post) -> None:
    who, code = given(post)
    wide = code.translate({ord(str(n)): chr(0xFF10 + n) for n in range(10)})
    assert notifications.confirm_address(who.person_id, wide) is Answer.CONFIRMED


def test_five_wrong_codes_end_it_and_the_right_one_comes_too_late(post: Post) -> None:
    who, code = given(post)
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    answers = [notifications.confirm_address(who.person_id, wrong) for _ in range(MAX_TRIES)]
    assert answers == [Answer.WRONG] * (MAX_TRIES - 1) + [Answer.OVER]
    assert notifications.confirm_address(who.person_id, code) is Answer.OVER


@pytest.mark.parametrize("typed", ["", "abcdef", "éééééé", "1" * 40, "①②③④⑤⑥"])
def test_whatever_is_typed_is_only_wrong(post: Post, typed: str) -> None:
    who, _ = given(post)
    assert notifications.confirm_address(who.person_id, typed) is Answer.WRONG


def test_a_code_ends_after_its_time_and_is_not_sent_any_more(post: Post) -> None:
    who, code = given(post)
    late = applicant()
    notifications.give_address(late.person_id, ADDRESS, "ja")
    with clock.frozen(clock.now() + CODE_LIFE):
        assert notifications.confirm_address(who.person_id, code) is Answer.OVER
        assert post.send() == []


def test_a_new_address_takes_the_place_of_the_old_one_and_its_code(post: Post) -> None:
    who, first = given(post)
    notifications.give_address(who.person_id, "other@example.jp", "ja")
    (mail,) = post.send()
    assert mail.to == "other@example.jp"
    assert first != code_in(mail)
    assert notifications.confirm_address(who.person_id, first) is Answer.WRONG
    assert rows_in("contacts") == 1


def test_the_address_is_stored_encrypted_only(post: Post) -> None:
    post.reader()
    with db.reading() as session:
        stored = str(session.execute(text("SELECT c::text FROM contacts c")).scalar_one())
    assert "example" not in stored
    assert ADDRESS.encode().hex() not in stored


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "taro",
        "taro@",
        "taro@localhost",
        "a@b@example.jp",
        "taro @example.jp",
        "taro@example.jp\nBcc: x@example.jp",
        "タロウ@example.jp",
        '"><script>"@example.jp',
        "taro@-example.jp",
        "a..b@example.jp",
        "a" * 250 + "@example.jp",
    ],
)
def test_what_is_no_address_is_refused_and_not_kept(post: Post, typed: str) -> None:
    with pytest.raises(AddressRefused, match="format"):
        notifications.give_address(applicant().person_id, typed, "ja")
    assert rows_in("contacts") == rows_in("messages") == 0


def test_br_57_a_my_number_in_an_address_is_refused_and_not_kept(post: Post) -> None:
    with pytest.raises(AddressRefused, match="my_number"):
        notifications.give_address(applicant().person_id, "123456789018@example.jp", "ja")
    assert rows_in("contacts") == 0


def test_who_gives_the_address_after_the_submit_gets_the_receipt_then(post: Post) -> None:
    open_policy(capacity=10)
    who = applicant()
    receipt = apply(who)
    post.reader(who)
    (mail,) = post.send()
    assert receipt.receipt_no in mail.text


def test_taken_back_nothing_is_left_and_nothing_comes(post: Post) -> None:
    open_policy(capacity=10)
    who = post.reader()
    apply(who)
    notifications.forget_address(who.person_id)
    assert (rows_in("contacts"), rows_in("messages"), post.send()) == (0, 0, [])
    assert contact(who) is None


def test_an_address_that_came_back_gets_nothing_more_and_its_person_is_told_on_the_page(post: Post) -> None:
    open_policy(capacity=10)
    who = post.reader()
    assert notifications.note_undeliverable(ADDRESS.upper()) == 1
    assert notifications.note_undeliverable(ADDRESS) == 0
    apply(who)
    assert post.send() == []
    view = contact(who)
    assert view is not None
    assert view.has_failed
    with clock.frozen(clock.now() + timedelta(hours=1)):
        post.reader(who, address="new@example.jp")
        assert len(post.send()) == 1, "the receipt, to the new address"
