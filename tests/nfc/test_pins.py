"""PINs: form, emptiness and that nothing shows them (card.md N5, N6 and section 7)."""

import copy
import pickle

import pytest

from nfc.pins import Pin, PinFormatError, PinKind


@pytest.mark.parametrize(
    ("kind", "value"),
    [(PinKind.TEXT, "2580"), (PinKind.AUTH, "0000"), (PinKind.SIGN, "TEST123"), (PinKind.SIGN, "A234567890123456")],
)
def test_a_pin_of_the_right_form_is_sent_as_ascii_without_padding(kind: PinKind, value: str) -> None:
    assert Pin(kind, value).apdu_bytes() == value.encode("ascii")


@pytest.mark.parametrize("kind", list(PinKind))
def test_an_empty_pin_is_refused_because_an_empty_verify_is_a_query(kind: PinKind) -> None:
    with pytest.raises(PinFormatError):
        Pin(kind, "")


@pytest.mark.parametrize("value", ["258", "25800", "25a0", "２５８０", "258\n", "2580\n", " 2580", "٢٥٨٠", "-258"])
@pytest.mark.parametrize("kind", [PinKind.TEXT, PinKind.AUTH])
def test_four_digits_are_four_ascii_digits(kind: PinKind, value: str) -> None:
    with pytest.raises(PinFormatError):
        Pin(kind, value)


@pytest.mark.parametrize(
    "value", ["TEST1", "A2345678901234567", "test123", "TESTTEST", "1234567", "TEST 123", "ＴＥＳＴ１２３"]
)
def test_the_signature_password_is_six_to_sixteen_capitals_and_digits_with_one_of_each(value: str) -> None:
    with pytest.raises(PinFormatError):
        Pin(PinKind.SIGN, value)


def test_no_way_of_showing_a_pin_shows_it() -> None:
    pin = Pin(PinKind.TEXT, "2580")
    shown = [repr(pin), str(pin), f"{pin}", f"{pin!r}", f"{[pin]}", f"{pin}"]
    assert all("2580" not in text for text in shown)
    assert not hasattr(pin, "__dict__")


def test_a_pin_can_be_neither_pickled_nor_copied() -> None:
    pin = Pin(PinKind.TEXT, "2580")
    for carry in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            carry(pin)


def test_the_format_error_tells_the_kind_and_not_the_value() -> None:
    with pytest.raises(PinFormatError) as caught:
        Pin(PinKind.AUTH, "14700")
    assert caught.value.kind is PinKind.AUTH
    assert "1470" not in str(caught.value) + repr(caught.value)
