"""Names: folded for comparing, never for keeping; a name is stored byte for byte as received (BR-68, BR-69, BR-74).

Two spellings are the same name by a strong fold (variant shapes, width, case, spaces), perhaps the same by a weak one
(斉藤 and 斎藤, NGUYEN VAN AN and VAN AN NGUYEN), or different. A perhaps is for a person to decide.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from app.people.names_variants import STRONG, WEAK

FOLDING_VERSION = 2
"""Fingerprints and list tokens are made from folded names and kept; who changes the folding must make them anew."""

MAX_NAME_CHARACTERS = 400

_SELECTORS_AND_ZERO_WIDTH = re.compile("[\u180b-\u180d\u200b-\u200f\u2060\ufe00-\ufe0f\ufeff\U000e0100-\U000e01ef]")
_IGNORED = re.compile(r"[\s・･·‧ーｰ\-\u2010-\u2015\u2212'\u2019,.]")
_PLAIN = re.compile("[a-z0-9\u3041-\u3096\u30a1-\u30fa\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff]*")
# Nearly every name in Japan: nothing in it that NFKC, case folding or a selector would change.
_SIMPLE = re.compile("[ \u3000\u30fb\u30fc\u3041-\u3096\u30a1-\u30fa\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0002f7ff]*")
_LATIN_PARTS = re.compile(r"[\s\-\u2010-\u2015\u2212,・]+")
# 一が瀬 is 一ヶ瀬; between kana が is a sound like any other.
_GA = re.compile("(?<=[\u4e00-\u9fff])が(?=[\u4e00-\u9fff])")
_ALIAS = re.compile(r"(?P<legal>[^()]*[^()\s])\s*\((?:通称[::]?)?\s*(?P<alias>[^()]*[^()\s])\s*\)")
# What old systems print where their character set has none, and characters that only one system knows (外字, private
# use): a name that holds one is for staff (BR-70).
_SUBSTITUTES = re.compile("[■□●〓?？＿\ufffd\ue000-\uf8ff\U000f0000-\U0010ffff]")

_STRONG = {ord(variant): group[0] for group in STRONG for variant in group[1:]}
_WEAK = {ord(variant): group[0] for group in WEAK for variant in group[1:]}
_HIRAGANA_TO_KATAKANA = {code: chr(code + 0x60) for code in range(0x3041, 0x3097)}
# Kana typed on a phone and kana of an old register differ in the size of small letters and in sounds that became one.
_SAME_KANA = str.maketrans("ァィゥェォッャュョヮヵヶヂヅヰヱヲ", "アイウエオツヤユヨワカケジズイエオ")


def _one_after_the_other(*tables: dict[int, str] | dict[int, int]) -> dict[int, str]:
    """One table that does what several do in turn: names are folded by the million."""
    joined = {}
    for code in {code for table in tables for code in table}:
        character = chr(code)
        for table in tables:
            character = character.translate(table)
        joined[code] = character
    return joined


_KANA = _one_after_the_other(_HIRAGANA_TO_KATAKANA, _SAME_KANA)
_WEAKER = _one_after_the_other(_HIRAGANA_TO_KATAKANA, _SAME_KANA, _WEAK)


class Level(StrEnum):
    """How alike two spellings of a name are."""

    IDENTICAL = "identical"
    FOLDED = "folded"
    WEAK = "weak"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class Comparison:
    """A level and why: the least change that makes the two alike, or why they are not."""

    level: Level
    reason: str


class NameKeys(NamedTuple):
    """What a name is found by. One text for each way to write the person: legal name first, then the alias (通称)."""

    strong: tuple[str, ...]
    weak: tuple[str, ...]


def fold_for_fingerprint(name: str) -> str:
    """The name without what sources write differently: width, case, spaces, selectors, accents, variant kanji (BR-68).

    Two spellings of one name fold to the same text; two names may, too. So an equal fold is a reason to look, never
    a proof.
    """
    folded = _IGNORED.sub("", _plain(name)).translate(_STRONG)
    return _GA.sub("ケ", folded) if "が" in folded else folded


def fold_weakly(name: str) -> str:
    """The strong fold with characters joined that make different names but are mixed up; kana of either script."""
    return fold_for_fingerprint(name).translate(_WEAKER)


def fold_kana(kana: str) -> str:
    """Kana as typed or registered: katakana, no small letters, no spaces, no long vowel marks (BR-67 second step)."""
    return _IGNORED.sub("", _plain(kana)).translate(_KANA)


def spellings_in(name: str) -> tuple[str, ...]:
    """The legal name and, where the card prints one after it, the alias (通称): 「NGUYEN VAN AN（阮　安）」 (BR-74)."""
    if "(" not in name and "（" not in name:
        return (name,)
    parts = _ALIAS.fullmatch(name.replace("（", "(").replace("）", ")").strip())
    return (name,) if parts is None else (parts["legal"], parts["alias"])


def keys_of(name: str) -> NameKeys:
    """All that a name is found by."""
    spellings = spellings_in(name[:MAX_NAME_CHARACTERS])
    strong = tuple(map(fold_for_fingerprint, spellings))
    return NameKeys(strong, tuple(map(_weak_key, spellings, strong)))


def family_of(name: str) -> str | None:
    """The folded family name of a Japanese name of two or more parts: all that a list has of a newborn (BR-28)."""
    parts = spellings_in(name)[0].split()
    return fold_for_fingerprint(parts[0]) if len(parts) > 1 and not _is_latin(parts[0]) else None


def has_substitute_mark(name: str) -> bool:
    """True when the name holds what stands where a character could not be written: ■ 〓 ? or 外字 (BR-70)."""
    return _SUBSTITUTES.search(name) is not None


def compare(one: str, other: str) -> Comparison:
    """How alike two spellings are, with the reason (BR-68, BR-74). The order of the two does not matter."""
    if one == other:
        return Comparison(Level.IDENTICAL, "same_bytes")
    ones, others = keys_of(one), keys_of(other)
    if ones.strong[0] == others.strong[0]:
        return Comparison(Level.FOLDED, _least_change(spellings_in(one)[0], spellings_in(other)[0]))
    if set(ones.strong) & set(others.strong) - {""}:
        return Comparison(Level.FOLDED, "alias")
    if set(ones.weak) & set(others.weak) - {""}:
        latin = _is_latin(one) and _is_latin(other)
        return Comparison(Level.WEAK, "order_of_parts" if latin else "characters_often_mixed_up")
    return Comparison(Level.DIFFERENT, "different_names")


def compare_with_certificate(card: str, certificate: str, substituted: str) -> Comparison:
    """The name on the card against the one in a certificate that marks substitute characters (BR-75).

    ``substituted`` has one digit for each character of the certificate's name, "0" where it is the true character. A
    difference only where it says otherwise is no difference; elsewhere a person decides.
    """
    if card == certificate:
        return Comparison(Level.IDENTICAL, "same_bytes")
    ones, others = _characters(card), _characters(certificate)
    if len(ones) != len(others) or len(others) != len(substituted):
        return Comparison(Level.WEAK, "marks_do_not_fit")
    unmarked = [(a, b) for a, b, mark in zip(ones, others, substituted, strict=True) if mark == "0"]
    if all(a == b for a, b in unmarked):
        return Comparison(Level.FOLDED, "substitute_character")
    return Comparison(Level.WEAK, "unmarked_difference")


def _characters(name: str) -> list[str]:
    """One entry for each character a reader sees: a variation selector belongs to the one before it."""
    return list(_SELECTORS_AND_ZERO_WIDTH.sub("", name))


def _plain(name: str) -> str:
    if _SIMPLE.fullmatch(name):
        return name
    visible = _SELECTORS_AND_ZERO_WIDTH.sub("", name)
    composed = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", visible).casefold())
    if _PLAIN.fullmatch(composed):
        return composed
    return "".join(map(_without_accent, composed))


@lru_cache(maxsize=4096)
def _without_accent(character: str) -> str:
    """The plain letter of a Latin one, nothing for a mark that stands alone.

    Kana keep their marks, because か and が are two letters.
    """
    if unicodedata.category(character) == "Mn":
        return ""
    decomposed = unicodedata.normalize("NFD", character)
    return decomposed[0] if decomposed[0].isascii() else character


def _weak_key(spelling: str, strong: str) -> str:
    """Latin names by their parts in any order (BR-74), others by the weak fold."""
    if not _is_latin(spelling):
        return strong.translate(_WEAKER)
    parts = (fold_for_fingerprint(part) for part in _LATIN_PARTS.split(spelling))
    return " ".join(sorted(part for part in parts if part))


def _is_latin(name: str) -> bool:
    """True for a name whose first letter is a Latin one; width and accents don't matter."""
    first = name.lstrip()[:1]
    if "\u3040" <= first <= "\u9fff":
        return False
    plain = unicodedata.normalize("NFKD", first)[:1]
    return plain.isascii() and plain.isalpha()


_CHANGES = (
    ("variation_selector", lambda name: _SELECTORS_AND_ZERO_WIDTH.sub("", name)),
    ("width_or_compatibility_form", lambda name: unicodedata.normalize("NFKC", name)),
    ("spaces_and_marks", lambda name: _IGNORED.sub("", name)),
    ("case", lambda name: name.casefold()),
    ("accent", _plain),
    ("variant_character", fold_for_fingerprint),
)
"""Changes one after the other, the slightest first; the last of those needed is the reason."""


def _least_change(one: str, other: str) -> str:
    if one == other:
        return "alias"
    for reason, change in _CHANGES:
        one, other = change(one), change(other)
        if one == other:
            return reason
    return "variant_character"
