"""Municipality codes (全国地方公共団体コード): six digits, the last a check digit (domain.md 8.3, BR-73)."""

from __future__ import annotations

import re

_WEIGHTS = (6, 5, 4, 3, 2)
_SIX_DIGITS = re.compile(r"[0-9]{6}")


def check_digit(code5: str) -> str:
    """The sixth digit for the first five."""
    weighted = sum(int(digit) * weight for digit, weight in zip(code5, _WEIGHTS, strict=True))
    return str((11 - weighted % 11) % 10)


def is_valid_code(code: str) -> bool:
    """True for six ASCII digits whose last one is the check digit; five digits are never completed (BR-71, BR-73)."""
    return _SIX_DIGITS.fullmatch(code) is not None and check_digit(code[:5]) == code[5]
