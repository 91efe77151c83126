"""Keyed tokens: what a row and a person have in common, without saying what it is (a blind index, BR-67).

A token is 64 bits of keyed BLAKE2b over birth date and name (or kana, or control number), under a key derived for the
one list, so that two lists can't be joined and nobody without the index key can try values. Two different values share
a token once in 2^64; against a list of ten million rows with four tokens each that is less than once in 10^11 look-ups.

| token of | with detail | finds |
| --- | --- | --- |
| control number | birth date | BR-67 (1); another birth date is for staff |
| kana and birth date | municipality | BR-67 (2) |
| folded name and birth date | municipality and town | BR-67 (3); another town is for staff |
| weakly folded name and birth date | none | staff |
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from functools import lru_cache
from hashlib import blake2b

from app import municipalities
from app.municipalities import fold_variants
from app.pii import vault

_SPACES = re.compile(r"\s+")
_HYPHENS = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212ー", "-"))
_TOWN_WORDS = re.compile("大字|小字|字")
_KANJI_DIGITS = str.maketrans("〇一二三四五六七八九", "0123456789")
_CHOME = re.compile("([〇一二三四五六七八九十]{1,3})(?=丁目)")
_INVISIBLE = re.compile("[\u180b-\u180d\u200b-\u200f\u2060\ufe00-\ufe0f\ufeff\U000e0100-\U000e01ef]")
# After these a town's name may end; elsewhere it ends before a number only, so that 本町 is not found in 本町通.
_ENDINGS = frozenset("目番号地")
_NUMERALS = frozenset("0123456789〇一二三四五六七八九十")
MAX_TOWN_PREFIXES = 12
MAX_TOWNS_KEPT = 50_000


class TokenKey:
    """Makes the tokens of one list."""

    __slots__ = ("_births", "_key", "_towns")

    def __init__(self, list_id: str) -> None:
        self._key = vault().index("lists.tokens", list_id.encode())
        # A list has few different birth dates and towns, each many times. Bounded by the calendar and by the map.
        self._births: dict[date, int] = {}
        self._towns: dict[tuple[str, str], int] = {}

    def token(self, kind: str, *values: str) -> int:
        """The token of some values for one purpose; a signed whole number, as PostgreSQL keeps it."""
        return self._number("\0".join((kind, *values)))

    def _number(self, text: str) -> int:
        message = text.encode("utf-8", "surrogatepass")
        return int.from_bytes(blake2b(message, key=self._key, digest_size=8).digest(), "big", signed=True)

    def control_no(self, control_no: str) -> int:
        """The number that a municipality put on the row and perhaps mailed as a code."""
        return self.token("control", fold_control_no(control_no))

    def birth(self, birth: date) -> int:
        """What must fit beside the control number."""
        found = self._births.get(birth)
        if found is None:
            found = self._births[birth] = self.token("birth", birth.isoformat())
        return found

    def kana(self, folded: str, birth: date) -> int:
        """Kana and birth date."""
        return self._number(f"kana\0{folded}\0{birth.toordinal()}")

    def name(self, folded: str, birth: date) -> int:
        """Folded name and birth date."""
        return self._number(f"name\0{folded}\0{birth.toordinal()}")

    def weak_name(self, folded: str, birth: date) -> int:
        """Weakly folded name and birth date."""
        return self._number(f"weak\0{folded}\0{birth.toordinal()}")

    def municipality(self, code: str) -> int:
        """What must fit beside the kana; a ward counts as its city (BR-21)."""
        return self.token("municipality", city_of(code))

    def town(self, code: str, folded: str) -> int:
        """What must fit beside the name."""
        found = self._towns.get((code, folded))
        if found is None:
            found = self.token("town", city_of(code), folded)
            if len(self._towns) < MAX_TOWNS_KEPT:
                self._towns[code, folded] = found
        return found


@lru_cache(maxsize=4096)
def city_of(code: str) -> str:
    """The designated city of a ward, else the code itself, also one that the table does not know."""
    try:
        row = municipalities.get(code)
    except municipalities.UnknownMunicipality:
        return code
    return row.parent if row.kind is municipalities.Kind.WARD and row.parent is not None else code


def fold_control_no(control_no: str) -> str:
    """Width, case and spaces of a typed number don't matter; every other character does."""
    if control_no.isascii():
        return "".join(control_no.split()).casefold()
    return _SPACES.sub("", unicodedata.normalize("NFKC", control_no)).casefold().translate(_HYPHENS)


@lru_cache(maxsize=65_536)
def fold_town(text: str) -> str:
    """A town, or the part of an address after the municipality, without what sources write differently.

    大字白樺 and 白樺, 川辺一丁目 and 川辺１丁目 become the same; 一番町 keeps its kanji, being a name.
    """
    plain = _SPACES.sub("", unicodedata.normalize("NFKC", _INVISIBLE.sub("", text)))
    plain = _CHOME.sub(lambda found: _as_digits(found.group()), plain)
    return fold_variants(_TOWN_WORDS.sub("", plain)).translate(_HYPHENS)


def town_prefixes(rest: str) -> tuple[str, ...]:
    """The beginnings of the rest of an address that may be a town's name; the longest first.

    Numbers of blocks and houses are not read (domain.md 8.2): a beginning counts where a number follows or ended.
    """
    folded = fold_town(rest)
    found = [
        folded[:end]
        for end in range(1, len(folded) + 1)
        if end == len(folded)
        or folded[end - 1] in _ENDINGS
        or (folded[end] in _NUMERALS and folded[end - 1] not in _NUMERALS)
    ]
    return tuple(reversed(found[:MAX_TOWN_PREFIXES]))


def _as_digits(kanji: str) -> str:
    """十二 as 12; at most 九十九, beyond which no town counts its 丁目."""
    tens, ten, ones = kanji.rpartition("十")
    if not ten:
        return kanji.translate(_KANJI_DIGITS)
    return (tens.translate(_KANJI_DIGITS) or "1") + (ones.translate(_KANJI_DIGITS) or "0")
