"""Finds what looks like a My Number (個人番号), only to refuse it (BR-57, domain.md 8.5).

Every run of exactly 12 digits, after width folding and ignoring spaces and hyphens between digits, whose check digit
fits. A random 12-digit number fits one time in ten (BR-58).
"""

from __future__ import annotations

import re
import unicodedata

_SEPARATORS = r"[\s\-\u2010-\u2015\u2212\u30fc\uff70]"
_RUN = re.compile(rf"(?<!\d)\d(?:{_SEPARATORS}*\d)*(?!\d)")


def has_valid_check_digit(digits: str) -> bool:
    """True when the last of exactly 12 ASCII digits is the check digit of the eleven before it."""
    if len(digits) != 12 or not (digits.isascii() and digits.isdigit()):
        return False
    total = sum(int(d) * (n + 1 if n <= 6 else n - 5) for n, d in enumerate(reversed(digits[:11]), start=1))
    remainder = total % 11
    return int(digits[11]) == (0 if remainder <= 1 else 11 - remainder)


def _plain(ch: str) -> str:
    """A digit of any script as ASCII; what can't be seen (zero-width, variation selectors) as nothing."""
    value = unicodedata.decimal(ch, None)
    if value is not None:
        return str(value)
    return "" if unicodedata.category(ch) in ("Cf", "Mn") else ch


def looks_like_my_number(text: str) -> bool:
    """True when the text holds a run of exactly 12 digits with a valid check digit (BR-57)."""
    folded = "".join(_plain(ch) for ch in unicodedata.normalize("NFKC", text))
    return any(has_valid_check_digit(re.sub(r"\D", "", run.group())) for run in _RUN.finditer(folded))
