"""The four items as staff copy them from the surface of a card or from a paper: checked before anything is kept."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import date

from app import clock
from app.errors import DomainError
from app.my_number import looks_like_my_number
from app.people import FourItems
from app.pii import Private

SEXES = ("1", "2", "9")
MAX_NAME, MAX_ADDRESS = 200, 400
_NO_LETTERS = frozenset({"Cc", "Cs", "Zl", "Zp"})
BORN_FROM = date(1873, 1, 1)


class ItemRefused(ValueError):
    """An item that cannot be what is printed; ``field`` is its name."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


@dataclass(frozen=True)
class FaceItems:
    """What staff read. Sex as on the card: 1 male, 2 female, 9 not applicable."""

    name: Private
    address: Private
    birth_date: date
    sex: str

    def checked(self) -> FourItems:
        """As a card would give them. Raises E309 for a My Number (BR-57), ``ItemRefused``."""
        name, address = self.name.reveal(), self.address.reveal()
        if looks_like_my_number(name) or looks_like_my_number(address):
            raise DomainError("E309")
        if not _fits(name, MAX_NAME):
            raise ItemRefused("name")
        if not _fits(address, MAX_ADDRESS):
            raise ItemRefused("address")
        if not BORN_FROM <= self.birth_date <= clock.today():
            raise ItemRefused("birth_date")
        if self.sex not in SEXES:
            raise ItemRefused("sex")
        return FourItems(self.name, self.address, Private(f"{self.birth_date:%Y%m%d}"), Private(self.sex))


def _fits(text: str, most: int) -> bool:
    """Cards hold variation selectors and the wide space; no control characters and no breaks of a line."""
    return 0 < len(text) <= most and not any(unicodedata.category(ch) in _NO_LETTERS for ch in text)
