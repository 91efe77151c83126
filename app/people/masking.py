"""A name that others may stand beside: the first character of each part, the rest hidden."""

from __future__ import annotations

HIDDEN = "*"


def masked_name(name: str) -> str:
    """石川　ハナ → 石*　ハ*; a variation selector stays with its character, the length of a part is not told."""
    return "　".join(_first(part) + HIDDEN for part in name.split())


def _first(part: str) -> str:
    first = part[:1]
    return first + part[1] if len(part) > 1 and _selects_a_variant(part[1]) else first


def _selects_a_variant(character: str) -> bool:
    return "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef"
