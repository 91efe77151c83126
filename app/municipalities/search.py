"""Finding a municipality by what a person types: name, reading, or prefecture and name."""

from __future__ import annotations

import re
import unicodedata

from app.municipalities.table import Kind, Municipality, current_table
from app.municipalities.variants import fold_variants

MAX_RESULTS = 50
_HIRAGANA_TO_KATAKANA = {code: code + 0x60 for code in range(0x3041, 0x3097)}


def find(text: str) -> list[Municipality]:
    """Municipalities whose name or reading begins with or contains the text, the best match first, at most 50.

    Prefectures and wards are found too: a prefecture gives benefits of its own, and people type the ward they live in.
    """
    wanted = _comparable(text)
    if not wanted:
        return []
    ranked = [(rank, row.code, row) for row in current_table().rows.values() if (rank := _rank(row, wanted))]
    return [row for _, _, row in sorted(ranked)[:MAX_RESULTS]]


def _rank(row: Municipality, wanted: str) -> int:
    """1 for the whole name, 2 for its beginning, 3 for a part of it, 0 for no match."""
    spellings = {_comparable(spelling) for spelling in (row.name, row.label, row.prefecture + row.name, row.kana)}
    if wanted in spellings:
        return 1
    if any(spelling.startswith(wanted) for spelling in spellings):
        return 2
    return 3 if row.kind is not Kind.PREFECTURE and any(wanted in spelling for spelling in spellings) else 0


def _comparable(text: str) -> str:
    folded = fold_variants(re.sub(r"\s+", "", unicodedata.normalize("NFKC", text[:100])).casefold())
    return folded.translate(_HIRAGANA_TO_KATAKANA)
