"""The second factor against the vectors of RFC 6238 appendix B (SHA-1), cut to six digits."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest

from app.organisations import totp

SECRET = base64.b32encode(b"12345678901234567890").decode()
VECTORS = {
    59: "94287082",
    1111111109: "07081804",
    1111111111: "14050471",
    1234567890: "89005924",
    2000000000: "69279037",
}


@pytest.mark.parametrize(("seconds", "eight_digits"), VECTORS.items())
def test_codes_are_those_of_the_standard(seconds: int, eight_digits: str) -> None:
    at = datetime.fromtimestamp(seconds, UTC)
    assert totp.code_at(SECRET, totp.step_of(at)) == eight_digits[-6:]


def test_a_code_counts_one_step_to_either_side_and_no_further() -> None:
    at = datetime.fromtimestamp(3_000_000, UTC)
    now = totp.step_of(at)
    accepted = [
        step for step in range(now - 3, now + 4) if totp.accepted_step(SECRET, totp.code_at(SECRET, step), at, 0)
    ]
    assert accepted == [now - 1, now, now + 1]


def test_the_same_code_is_never_accepted_twice_nor_an_earlier_one() -> None:
    at = datetime.fromtimestamp(3_000_000, UTC)
    now = totp.step_of(at)
    assert totp.accepted_step(SECRET, totp.code_at(SECRET, now), at, now) is None
    assert totp.accepted_step(SECRET, totp.code_at(SECRET, now - 1), at, now) is None
    assert totp.accepted_step(SECRET, totp.code_at(SECRET, now + 1), at, now) == now + 1


def test_secrets_are_long_enough_and_differ() -> None:
    one, other = totp.new_secret(), totp.new_secret()
    assert one != other
    assert len(base64.b32decode(one)) == 20


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "１２３４５６", "abcdef"])
def test_what_is_no_code_is_refused(typed: str) -> None:
    assert totp.accepted_step(SECRET, typed, datetime.fromtimestamp(59, UTC), 0) is None
