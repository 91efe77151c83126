"""Check digits of service IDs (domain.md 8.6)."""

from __future__ import annotations

from collections.abc import Callable, Mapping


def luhn(value: str) -> bool:
    """The usual Luhn sum over all digits."""
    if not (value.isascii() and value.isdigit()):
        return False
    doubled = (int(d) * (1 + i % 2) for i, d in enumerate(reversed(value)))
    return sum(n - 9 if n > 9 else n for n in doubled) % 10 == 0


def mod10_last(value: str) -> bool:
    """The last digit is the sum of the seven before it, modulo 10."""
    digits = value[-8:]
    if len(digits) != 8 or not (digits.isascii() and digits.isdigit()):
        return False
    return sum(map(int, digits[:7])) % 10 == int(digits[7])


def _none(value: str) -> bool:
    return True


_CHECKS: Mapping[str | None, Callable[[str], bool]] = {
    None: _none,
    "luhn": luhn,
    "mod10_last": mod10_last,
    "confirm_if_my_number_like": _none,  # a question to the person (BR-58), never a reason to refuse
}


def is_valid(kind: str | None, value: str) -> bool:
    """True when the value passes the named check; ``KeyError`` for a name that domain.md 8.6 does not know."""
    return _CHECKS[kind](value)
