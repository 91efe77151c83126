"""Households of a generated population: first the ages, as a whole town has them, then who lives with whom."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

DAYS_A_YEAR: Final = 365.2425

# Share of each five-year band in per mille, and of women in it in per cent; about Japan in the 2020s, rounded.
AGE_BANDS: Final = (
    (33, 49), (39, 49), (43, 49), (44, 49), (50, 49), (52, 49), (51, 49),
    (56, 49), (62, 49), (72, 49), (77, 50), (65, 50), (60, 50), (58, 51),
    (69, 53), (61, 55), (47, 59), (33, 65), (17, 72), (5, 80), (1, 88),
)  # fmt: skip
BAND_YEARS: Final = 5

GROWN_UP: Final = 20
LEAVES_HOME: Final = (18, 26)
MOTHER_OLDER_BY: Final = (20, 43)
CHILDREN_MAX: Final = 5
MARRIED_SHARE: Final = 0.6
HUSBAND_OLDER_BY: Final = (-3, 8)
WITH_GRANDPARENT_SHARE: Final = 0.12
GRANDPARENT_OLDER_BY: Final = (22, 45)
ATTEMPTS: Final = 12


@dataclass(frozen=True)
class Resident:
    """A member of a household. `sex` is 1 or 2, as the card writes it."""

    birth_date: date
    sex: str


@dataclass(frozen=True)
class Household:
    """People with one address and one surname; grown-ups first."""

    number: int
    residents: tuple[Resident, ...]


class _Pool:
    """Residents without a household, found by sex and age in whole years."""

    def __init__(self, residents: list[Resident], day: date, chance: random.Random) -> None:
        self._chance = chance
        self._by_age: dict[tuple[str, int], list[Resident]] = {}
        for resident in residents:
            self._by_age.setdefault((resident.sex, age_on(day, resident.birth_date)), []).append(resident)

    def take(self, sex: str, ages: tuple[int, int]) -> Resident | None:
        """Somebody of this sex and about this age, if a few attempts find one."""
        for _ in range(ATTEMPTS):
            waiting = self._by_age.get((sex, self._chance.randint(*ages)))
            if waiting:
                return waiting.pop()
        return None

    def left(self) -> Iterator[Resident]:
        """Whoever found no household."""
        for waiting in self._by_age.values():
            yield from waiting


def age_on(day: date, birth: date) -> int:
    """Completed years."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def households(size: int, day: date, chance: random.Random) -> Iterator[Household]:
    """A town of exactly `size` people on a day."""
    grown: list[Resident] = []
    children: list[Resident] = []
    for _ in range(size):
        resident = _resident(day, chance)
        leaves = chance.randint(*LEAVES_HOME)
        (grown if age_on(day, resident.birth_date) >= leaves else children).append(resident)
    women = [resident for resident in grown if resident.sex == "2"]
    men = _Pool([resident for resident in grown if resident.sex == "1"], day, chance)
    families = [[woman] for woman in women]
    by_age: dict[int, list[list[Resident]]] = {}
    for family in families:
        by_age.setdefault(age_on(day, family[0].birth_date), []).append(family)
    alone = [child for child in children if not _join_mother(child, by_age, day, chance)]
    number = 0
    for family in families:
        number += 1
        yield Household(number, tuple(_completed(family, men, day, chance)))
    for resident in [*men.left(), *alone]:
        number += 1
        yield Household(number, (resident,))


def _resident(day: date, chance: random.Random) -> Resident:
    (band,) = chance.choices(range(len(AGE_BANDS)), [share for share, _ in AGE_BANDS])
    days = int((band * BAND_YEARS + chance.random() * BAND_YEARS) * DAYS_A_YEAR)
    sex = "2" if chance.randrange(100) < AGE_BANDS[band][1] else "1"
    return Resident(day - timedelta(days=days), sex)


def _join_mother(child: Resident, by_age: dict[int, list[list[Resident]]], day: date, chance: random.Random) -> bool:
    """Put a child into the family of a woman who could be its mother; whether there was one."""
    own_age = age_on(day, child.birth_date)
    for _ in range(ATTEMPTS):
        possible = by_age.get(own_age + chance.randint(*MOTHER_OLDER_BY))
        if possible:
            family = chance.choice(possible)
            if len(family) <= CHILDREN_MAX:
                family.append(child)
                return True
    return False


def _completed(family: list[Resident], men: _Pool, day: date, chance: random.Random) -> list[Resident]:
    """The family with a husband, where there is one, and sometimes a grandfather."""
    woman, *children = family
    own_age = age_on(day, woman.birth_date)
    adults = [woman]
    if children or chance.random() < MARRIED_SHARE:
        youngest, oldest = (max(GROWN_UP, own_age + years) for years in HUSBAND_OLDER_BY)
        husband = men.take("1", (youngest, oldest))
        adults += [husband] if husband else []
    if children and chance.random() < WITH_GRANDPARENT_SHARE:
        grandfather = men.take("1", (own_age + GRANDPARENT_OLDER_BY[0], own_age + GRANDPARENT_OLDER_BY[1]))
        adults += [grandfather] if grandfather else []
    return adults + sorted(children, key=lambda child: child.birth_date)
