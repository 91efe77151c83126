"""Which fictional municipality handed a simulated card out: its data signer signs that card's records."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources


@dataclass(frozen=True)
class Municipality:
    """A municipality of the simulation; `code` is five digits, without the check digit."""

    code: str
    prefecture: str
    county: str
    name: str

    @property
    def full_name(self) -> str:
        """Prefecture, county and name as an address begins with them."""
        return self.prefecture + self.county + self.name

    def is_start_of(self, address: str) -> bool:
        """Whether the address lies here; a card may leave the county out."""
        return address.startswith((self.full_name, self.prefecture + self.name))


@cache
def _table() -> tuple[tuple[Municipality, ...], Municipality]:
    raw = json.loads(resources.files("card_sim").joinpath("data/municipalities.json").read_text(encoding="utf-8"))
    rows = tuple(Municipality(**row) for row in raw["municipalities"])
    elsewhere = Municipality(raw["elsewhere"]["code"], prefecture="", county="", name=raw["elsewhere"]["name"])
    return rows, elsewhere


def municipality_of(address: str) -> Municipality:
    """The fictional municipality an address belongs to; one stand-in row for every address outside them."""
    rows, elsewhere = _table()
    return next((row for row in rows if row.is_start_of(address)), elsewhere)


def municipality_with_code(code: str) -> Municipality:
    """A municipality by its five-digit code. Raises KeyError when there is none."""
    rows, _ = _table()
    for row in rows:
        if row.code == code:
            return row
    raise KeyError(code)
