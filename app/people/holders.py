"""Whether the name that a payment service shows for an account may be this person's (E308).

A service hides most of a name, as in 「佐＊　太＊」, and most show it in kana, which no card carries (BR-67). So there
are three answers, and "different" is only what can be seen to differ: the visible beginning of the given name, both in
kanji, after folding what sources write differently (BR-68). A family name alone decides nothing: people marry, and
tell their bank later. What can't be compared is for the person to read back (BR-32).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from enum import StrEnum

from app.people.names import fold_for_fingerprint, fold_weakly, has_substitute_mark, spellings_in

_MASK = "*●○×"
_MASKED = re.compile(f"[{re.escape(_MASK)}]+")
# Without the marks for "the same again" and zero, which are written in more than one way.
_KANJI = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+")
MAX_HOLDER_CHARACTERS = 100


class Holder(StrEnum):
    """What can be said of the two names."""

    FITS = "fits"
    CANNOT_TELL = "cannot_tell"
    DIFFERENT = "different"


def masked_holder(told: str | None) -> str | None:
    """What a service tells of the holder, if it is a name in which something is hidden; else ``None``.

    Words in its place say nothing to the person who reads back, and a name in full is not ours to keep beside an ID.
    """
    if not told or len(told) > MAX_HOLDER_CHARACTERS:
        return None
    return told if _MASKED.search(unicodedata.normalize("NFKC", told)) else None


def compare_holder(told: str | None, names: Iterable[str]) -> Holder:
    """What a service tells of the holder, against a person's names as their card has them (legal name, alias).

    Only a text in which something is hidden counts as a name: 「名義非表示」 is none.
    """
    if not told or len(told) > MAX_HOLDER_CHARACTERS:
        return Holder.CANNOT_TELL
    parts = unicodedata.normalize("NFKC", told).split()
    if not any(_MASKED.search(part) for part in parts) or has_substitute_mark(_MASKED.sub("", " ".join(parts))):
        return Holder.CANNOT_TELL
    spellings = [spelling for name in names for spelling in spellings_in(name)]
    found = {_compare(parts, spelling) for spelling in spellings}
    if Holder.FITS in found:
        return Holder.FITS
    return Holder.DIFFERENT if found == {Holder.DIFFERENT} else Holder.CANNOT_TELL


def _compare(told: list[str], name: str) -> Holder:
    parts = name.split()
    if len(told) != 2 or len(parts) != 2 or has_substitute_mark(name):
        return Holder.CANNOT_TELL  # a middle name, a name in one piece: which part is which, nobody knows
    family, given = (_part(shown, whole) for shown, whole in zip(told, parts, strict=True))
    if given is Holder.FITS and family is Holder.FITS:
        return Holder.FITS
    return Holder.DIFFERENT if given is Holder.DIFFERENT else Holder.CANNOT_TELL


def _part(shown: str, whole: str) -> Holder:
    """One part of a name, as far as it is shown."""
    visible = _MASKED.split(shown)[0]
    beginning = whole[: len(visible)] if _MASKED.search(shown) else whole
    if visible and fold_for_fingerprint(visible) == fold_for_fingerprint(beginning):
        return Holder.FITS
    both_in_kanji = _KANJI.fullmatch(visible) and _KANJI.fullmatch(beginning)
    if not both_in_kanji or fold_weakly(visible) == fold_weakly(beginning):
        return Holder.CANNOT_TELL
    return Holder.DIFFERENT
