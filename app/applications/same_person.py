"""Whether the four items on a paper and those of a card are one person's, and if not, which differ (BR-67, BR-68).

Names are compared folded, as on lists. An address on a paper is written by hand: the municipality, the town and the
numbers must be the same, however they are written; a building or a room may be missing on one side.
"""

from __future__ import annotations

import re
import unicodedata

from app import municipalities
from app.municipalities import Status
from app.people import FourItems, names
from app.people.names import Level

_KANJI_NUMBER = re.compile(r"[一二三四五六七八九十]+(?=丁目|番|号|-)")
_DIGITS = {kanji: number for number, kanji in enumerate("一二三四五六七八九", start=1)}
_NUMBERS = re.compile(r"[0-9]+")
_TOWN_PREFIX = re.compile(r"^(大字|字)")
_STRONG = (Level.IDENTICAL, Level.FOLDED)
_CLEAR = (Status.EXACT, Status.FOLDED)


def items_that_differ(paper: FourItems, card: FourItems) -> tuple[str, ...]:
    """The items by which these may be two people, in the order of the form; none where all four agree strongly.

    A name that is only weakly alike differs: 斉藤 on the paper and 斎藤 on the card are for somebody else to decide.
    """
    alike = {
        "name": names.compare(paper.name.reveal(), card.name.reveal()).level in _STRONG,
        "address": _same_place(paper.address.reveal(), card.address.reveal()),
        "birth_date": paper.birth_date == card.birth_date,
        "sex": paper.sex == card.sex,
    }
    return tuple(item for item, agrees in alike.items() if not agrees)


def _same_place(one: str, other: str) -> bool:
    places = [municipalities.resolve(text) for text in (one, other)]
    if any(place.status not in _CLEAR for place in places) or places[0].code != places[1].code:
        return False
    (town, numbers), (other_town, other_numbers) = (
        _parts(text, place.matched) for text, place in zip((one, other), places, strict=True)
    )
    shorter = min(len(numbers), len(other_numbers))
    return town == other_town and shorter > 0 and numbers[:shorter] == other_numbers[:shorter]


def _parts(address: str, matched: str) -> tuple[str, list[int]]:
    """The town as folded text, and the numbers after it."""
    text = unicodedata.normalize("NFKC", address).replace(" ", "")
    rest = text[text.find(matched) + len(matched) :] if matched in text else text
    rest = _KANJI_NUMBER.sub(lambda found: str(_number(found[0])), rest)
    first = _NUMBERS.search(rest)
    town = rest[: first.start()] if first else rest
    numbers = [int(digits) for digits in _NUMBERS.findall(rest)]
    return names.fold_for_fingerprint(_TOWN_PREFIX.sub("", town)), numbers


def _number(kanji: str) -> int:
    """Up to 99: 二十一 is 21."""
    tens, ten, ones = kanji.rpartition("十")
    if not ten:
        return int("".join(str(_DIGITS[one]) for one in kanji))
    return (_DIGITS[tens] if tens else 1) * 10 + (_DIGITS[ones] if ones else 0)
