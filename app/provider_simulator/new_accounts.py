"""A new account for somebody who only wants to try: in the form of its service, check digit and all."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from typing import Final

from app.provider_simulator.services import DIGITS, SimulatedService

_NUMBER: Final = re.compile(r"(?P<prefix>[A-Z0-9-]*)\[0-9\]\{(?P<count>\d+)\}")


def _luhn(digits: str) -> str:
    doubled = [int(d) * (2 - i % 2) for i, d in enumerate(reversed(digits))]
    return str(-sum(n - 9 if n > 9 else n for n in doubled) % 10)


def _sum_of_seven(digits: str) -> str:
    return str(sum(map(int, digits[-7:])) % 10)


_CHECK_DIGITS: Final[Mapping[str, Callable[[str], str]]] = {
    "SVC-QR-02": _luhn,
    "SVC-EM-01": _luhn,
    "SVC-EM-02": _luhn,
    "SVC-LC-01": _sum_of_seven,
}


def new_account(service: SimulatedService) -> str:
    """A random account, so that two people who try are not taken for one (E303)."""
    number = _NUMBER.fullmatch(service.account_pattern)
    if number is None:
        return f"{secrets.token_hex(4)}@example.jp"
    prefix, count = number["prefix"], int(number["count"])
    digits = "".join(secrets.choice(DIGITS) for _ in range(count))
    check_digit = _CHECK_DIGITS.get(service.service_id)
    if check_digit is None:
        return prefix + digits
    return prefix + digits[:-1] + check_digit("".join(filter(str.isdigit, prefix)) + digits[:-1])
