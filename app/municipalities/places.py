"""The place a person means by what they type into the search: a name, a reading, or the beginning of an address.

Never guessed: where several places fit, all of them are given for the person to choose from (BR-20).
"""

from __future__ import annotations

from dataclasses import dataclass

from app.municipalities.addresses import Status, resolve
from app.municipalities.search import find

MAX_CANDIDATES = 20


@dataclass(frozen=True, slots=True)
class Place:
    """``code`` when one place is meant. ``candidates`` are the codes to choose from, the likeliest first, if any."""

    code: str | None
    candidates: tuple[str, ...] = ()


def find_place(text: str) -> Place:
    """The municipality, ward or prefecture meant by a name, kana, or an address or its beginning.

    A designated city without a ward is an answer here: it has benefits of its own.
    """
    called = find(text, whole=True)
    if called:
        # 津市 is a name, and no part of 泉大津市.
        return _one_or_all(tuple(row.code for row in called))
    found = resolve(text)
    if found.status is Status.WARD_MISSING:
        return Place(found.candidates[0])
    if found.code is not None:
        return Place(found.code)
    return _one_or_all(found.candidates or tuple(row.code for row in find(text)))


def _one_or_all(codes: tuple[str, ...]) -> Place:
    return Place(codes[0]) if len(codes) == 1 else Place(None, codes[:MAX_CANDIDATES])
