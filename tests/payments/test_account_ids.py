"""What is taken as a service ID or a security code, and what is refused with which words."""

from __future__ import annotations

import pytest

from app.errors import DomainError
from app.payments import check_account_id, check_security_code, last4, mask
from tests.payments.samples import every_service, service

ALL = every_service()


def _refusal(call: object, *args: object, **kwargs: object) -> DomainError:
    assert callable(call)
    with pytest.raises(DomainError) as caught:
        call(*args, **kwargs)
    return caught.value


@pytest.mark.parametrize(("document", "value"), [(s, v) for s in ALL for v in s.sample_ids.valid])
def test_every_valid_sample_id_is_taken_as_it_is(document, value):
    assert check_account_id(document, value) == value


@pytest.mark.parametrize(("document", "value"), [(s, v) for s in ALL for v in s.sample_ids.invalid])
def test_every_invalid_sample_id_is_refused_with_label_format_and_position(document, value):
    error = _refusal(check_account_id, document, value)
    assert error.code == "E301"
    assert error.facts["label"] == document.id_label
    assert error.wording()


@pytest.mark.parametrize(("document", "value"), [(s, v) for s in ALL for v in s.sample_ids.confirm])
def test_br_58_a_field_of_12_digits_asks_once_and_takes_the_answer(document, value):
    assert _refusal(check_account_id, document, value).code == "E310"
    assert check_account_id(document, value, confirmed_not_my_number=True) == value


@pytest.mark.parametrize(
    "typed", ["123456789018", "1234-5678-9018", "１２３４ ５６７８ ９０１８", "番号は123456789018です"]
)
@pytest.mark.parametrize("service_id", ["SVC-QR-01", "SVC-EM-01", "SVC-GIFT-01", "SVC-PAPER-01"])
def test_br_57_a_my_number_is_refused_in_every_other_field_and_never_asked_about(typed, service_id):
    assert _refusal(check_account_id, service(service_id), typed, confirmed_not_my_number=True).code == "E309"


def test_br_57_a_my_number_inside_a_sentence_is_refused_even_where_twelve_digits_are_the_format():
    prepaid = service("SVC-PP-01")
    assert _refusal(check_account_id, prepaid, "番号は123456789018です", confirmed_not_my_number=True).code == "E309"


@pytest.mark.parametrize(
    ("service_id", "typed", "stored"),
    [
        ("SVC-QR-01", "１２３４５６７８９０１２３", "1234567890123"),
        ("SVC-QR-01", " 1234 5678 90123\n", "1234567890123"),
        ("SVC-QR-01", "1234　5678　90123", "1234567890123"),
        ("SVC-EM-03", "km000000000000001", "KM000000000000001"),
        ("SVC-DB-01", "ＨＢー00000001", "HB-00000001"),
        ("SVC-DB-01", "HB−00000001", "HB-00000001"),
    ],
)
def test_width_spaces_and_keyboard_dashes_do_not_matter(service_id, typed, stored):
    assert check_account_id(service(service_id), typed) == stored


@pytest.mark.parametrize(
    ("service_id", "typed", "position", "form"),
    [
        ("SVC-QR-01", "123456789012", 13, "数字13桁"),
        ("SVC-QR-01", "12345678901234", 14, "数字13桁"),
        ("SVC-QR-01", "12a4567890123", 3, "数字13桁"),
        ("SVC-QR-01", "", 1, "数字13桁"),
        ("SVC-EM-03", "KMO00000000000001", 3, "「KM」のあとに数字15桁"),
        ("SVC-EM-01", "9000000000000019", 1, "「6」で始まる数字16桁"),
        ("SVC-EM-01", "6000000000000016", 16, "「6」で始まる数字16桁"),
        ("SVC-DB-01", "HB00000001", 3, "「HB-」のあとに数字8桁"),
        ("SVC-PAPER-01", "A1B2C3DI", 8, "英大文字と数字(IとOは使いません)8文字"),
        ("SVC-GIFT-01", "hikari@example", 15, "「hikari@example.jp」のような形"),
    ],
)
def test_e301_names_the_first_wrong_character_and_the_format(service_id, typed, position, form):
    error = _refusal(check_account_id, service(service_id), typed)
    assert (error.code, error.facts["n"], error.facts["format"]) == ("E301", position, form)


@pytest.mark.parametrize("typed", ["a\ud800@example.jp", "山田@example.jp", "a\x00@example.jp", "a\x1b[2J@example.jp"])
def test_an_address_of_other_than_plain_characters_is_refused_at_that_character(typed):
    error = _refusal(check_account_id, service("SVC-GIFT-01"), typed)
    assert error.code == "E301"
    assert error.facts["n"] in (1, 2)


def test_the_whole_value_counts_not_a_line_of_it_and_length_is_limited():
    assert _refusal(check_account_id, service(), "1234567890123\n1").code == "E301"
    assert _refusal(check_account_id, service("SVC-GIFT-01"), "a" * 90_000 + "@example.jp").code == "E301"


@pytest.mark.parametrize(
    ("service_id", "typed", "code"),
    [("SVC-QR-01", "１２３４", "1234"), ("SVC-QR-02", "a1b2c3", "A1B2C3"), ("SVC-PAPER-01", "anything", "")],
)
def test_a_security_code_is_folded_like_an_id(service_id, typed, code):
    assert check_security_code(service(service_id), typed) == code


@pytest.mark.parametrize(
    ("typed", "code"), [("123", "E302"), ("12345", "E302"), ("", "E302"), ("123456789018", "E309")]
)
def test_a_security_code_of_another_format_is_refused(typed, code):
    assert _refusal(check_security_code, service(), typed).code == code


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("6000000000000015", "…0015"),
        ("12345", "…2345"),
        ("1234", "…4"),
        ("123", "…3"),
        ("hikari@example.jp", "…kari"),
        ("ab@example.jp", "…b"),
    ],
)
def test_br_54_the_last_four_are_shown_and_of_a_short_id_only_one(value, shown):
    assert mask(value) == shown
    assert last4(value) == shown[1:]
