"""Whether a shop was on a list on a day, and in which group."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from app.shops.models import EVERY_SERVICE


@dataclass(frozen=True)
class Listing:
    """One shop's place on a list; ``group`` is empty for a shop of no group."""

    group: str
    valid_from: date | None
    valid_to: date | None

    def holds_on(self, day: date) -> bool:
        """Both ends belong to the time of a listing."""
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True)
class ShopList:
    """A list as rules look at it: by (service, folded shop number)."""

    listings: Mapping[tuple[str, str], Listing]

    def group_of(self, service_id: str, shop_no: str, day: date) -> str | None:
        """The group of the shop on that day, empty for a shop of no group; ``None`` for one that is not listed."""
        for service in (service_id, EVERY_SERVICE):
            listing = self.listings.get((service, folded_no(shop_no)))
            if listing is not None and listing.holds_on(day):
                return listing.group
        return None


def folded_no(shop_no: str) -> str:
    """A shop number for comparison: widths and case folded, spaces dropped; leading zeros count."""
    return "".join(unicodedata.normalize("NFKC", shop_no).split()).upper()
