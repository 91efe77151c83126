"""Finds what looks like a My Number (個人番号), only to refuse it (BR-57, domain.md 8.5).

Every run of exactly 12 digits, after width folding and ignoring spaces and hyphens between digits, whose check digit
fits; written with commas, in kanji or as a spreadsheet shows large numbers it is the same number. A random 12-digit
number fits about one time in ten (BR-58), in whichever of these spellings; more or fewer digits never fit.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

_SEPARATORS = r"[\s\-\u2010-\u2015\u2212\u30fc\uff70]"
_RUN = re.compile(rf"(?<!\d)\d(?:{_SEPARATORS}*\d)*(?!\d)")
# By thousands or by ten thousands. Only whole groups: commas also stand between numbers that have nothing to do with
# each other. The ideographic comma and the Arabic sign are in use for it, too.
_COMMA = "[,、\u066c]"
_GROUPED = re.compile(
    rf"(?<!\d)(?<!\d{_COMMA})(?:\d{{3}}(?:{_COMMA}\d{{3}}){{3}}|\d{{4}}(?:{_COMMA}\d{{4}}){{2}})(?!{_COMMA}?\d)"
)
# What a spreadsheet makes of a number with more digits than the column shows: 1.23456789018E+11. Without point and sign
# it is no number's spelling but a part of a code or of a hexadecimal name (2e11).
_SCIENTIFIC = re.compile(r"(?<![\d.])(\d{1,12})(?:\.(\d{1,20})[eE]\+?|[eE]\+)(\d{1,2})(?!\d)")
_KANJI = str.maketrans("〇零○◯一壱壹弌二弐貳三参參四肆五伍六陸七漆柒八捌九玖", "000011112223334455667778899")


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
    if any(has_valid_check_digit(digits) for digits in _candidates(folded)):
        return True
    # In kanji only where kanji stand for digits: beside a number they may be part of the sentence (018一件).
    in_kanji = folded.translate(_KANJI)
    return in_kanji != folded and any(has_valid_check_digit(digits) for digits in _candidates(in_kanji))


def _candidates(folded: str) -> Iterator[str]:
    """Every number that may be meant, as its digits."""
    for run in (*_RUN.finditer(folded), *_GROUPED.finditer(folded)):
        yield re.sub(r"\D", "", run.group())
    for whole, fraction, exponent in _SCIENTIFIC.findall(folded):
        yield _written_out(whole, fraction.rstrip("0"), int(exponent))


def _written_out(whole: str, fraction: str, exponent: int) -> str:
    """The digits of a number in scientific notation; empty when it is no whole number."""
    if exponent < len(fraction):
        return ""
    return (whole + fraction + "0" * (exponent - len(fraction))).lstrip("0")
