"""What the search page and the JSON interface share: from typed values to a search, and the services it knows."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from app import municipalities, payments, policies

MAX_PLACE_CHARACTERS = 100
LEAST_AMOUNTS = (1_000, 5_000, 10_000, 50_000)


@dataclass(frozen=True)
class SearchInput:
    """What was asked for, still as typed. ``place`` is a name, a reading or the beginning of an address."""

    place: str = ""
    municipality: str = ""
    category: str = ""
    keyword: str = ""
    open_now: bool = False
    at_once: bool = False
    amount: int | None = None
    timing: str = ""
    soon: str = ""
    service: str = ""
    page: int = 1


@dataclass(frozen=True)
class SearchResult:
    """The results, or the places to choose from first. ``place_unknown``: the typed place is none."""

    found: policies.Found | None
    municipality: str
    candidates: tuple[str, ...]
    place_unknown: bool
    services: tuple[payments.OfferedService, ...]

    @property
    def service_names(self) -> dict[str, str]:
        """Names by id."""
        return {service.service_id: service.name for service in self.services}


def run_search(session: Session, asked: SearchInput) -> SearchResult:
    """Resolve the typed place and search; an ambiguous or unknown place is asked about and never guessed (BR-20)."""
    place = municipalities.Place(asked.municipality or None)
    if asked.place and not asked.municipality:
        place = municipalities.find_place(asked.place[:MAX_PLACE_CHARACTERS])
    services = payments.offered_services(session)
    unclear = bool(asked.place) and place.code is None
    found = None
    if not unclear:
        found = policies.search(
            session,
            municipality=place.code,
            category=asked.category or None,
            keyword=asked.keyword or None,
            open_now=asked.open_now,
            at_once=asked.at_once,
            at_once_services=[service.service_id for service in services if service.at_once],
            least_amount=asked.amount,
            timing=asked.timing or None,
            soon=asked.soon or None,
            service=asked.service or None,
            page=asked.page,
        )
    return SearchResult(found, place.code or "", place.candidates, unclear and not place.candidates, services)
