"""Receipt numbers: carry the policy, can't be misread, don't look like a My Number."""

from __future__ import annotations

from app.applications.receipt_no import ALPHABET, is_receipt_no, new_receipt_no
from app.my_number import looks_like_my_number


def test_a_number_carries_the_policy_and_differs_each_time() -> None:
    numbers = {new_receipt_no("P-016-1") for _ in range(2000)}
    assert len(numbers) == 2000
    assert all(number.startswith("P0161-") and is_receipt_no(number) for number in numbers)


def test_no_letter_can_be_taken_for_a_digit() -> None:
    assert not set("ILOUAEilou") & set(ALPHABET)


def test_a_number_of_digits_only_is_still_no_my_number() -> None:
    assert not looks_like_my_number("P001-1234-5678")


def test_other_texts_are_no_receipt_numbers() -> None:
    for text in ("", "P001", "P001-7K3M-9QX", "P001-7K3M-9QXI", "p001-7k3m-9qxt", "P001-7K3M-9QXT\n", "' OR 1=1 --"):
        assert not is_receipt_no(text), text
