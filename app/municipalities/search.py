"""Finding a municipality by what a person types: name, reading, or prefecture and name."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from app.municipalities.table import Kind, Municipality, Table, current_table
from app.municipalities.variants import fold_variants

MAX_RESULTS = 50
_HIRAGANA_TO_KATAKANA = {code: code + 0x60 for code in range(0x3041, 0x3097)}


def find(text: str, *, whole: bool = False) -> list[Municipality]:
    """Municipalities whose name or reading begins with or contains the text, the best match first, at most 50.

    Prefectures and wards are found too: a prefecture gives benefits of its own, and people type the ward they live in.
    ``whole``: only those that are called so.
    """
    # A reading is compared as it sounds: folding が and カ into ヶ, as in 龍ヶ崎, would lose ながの and たかまつ.
    wanted = _plain(text)
    wanted_name = fold_variants(wanted)
    if not wanted:
        return []
    table = current_table()
    ranked = [
        (rank, code, table.rows[code])
        for code, names, reading in _spellings(table)
        if (rank := _rank(table.rows[code], names, reading, wanted_name, _katakana(wanted)))
        and (rank == 1 or not whole)
    ]
    return [row for _, _, row in sorted(ranked)[:MAX_RESULTS]]


@cache
def _spellings(table: Table) -> tuple[tuple[str, frozenset[str], str], ...]:
    """Of each row its code, its names folded for comparing, and its reading."""
    return tuple(
        (
            row.code,
            frozenset(fold_variants(_plain(name)) for name in (row.name, row.label, row.prefecture + row.name)),
            _katakana(_plain(row.kana)),
        )
        for row in table.rows.values()
    )


def _rank(row: Municipality, names: frozenset[str], reading: str, name: str, sound: str) -> int:
    """1 for the whole name, 2 for its beginning, 3 for a part of it, 0 for no match."""
    if name in names or sound == reading:
        return 1
    if reading.startswith(sound) or any(one.startswith(name) for one in names):
        return 2
    is_part = sound in reading or any(name in one for one in names)
    return 3 if is_part and row.kind is not Kind.PREFECTURE else 0


def _plain(text: str) -> str:
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text[:100])).casefold()


def _katakana(text: str) -> str:
    return text.translate(_HIRAGANA_TO_KATAKANA)
