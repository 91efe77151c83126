"""A population of fictional holders of one municipality: families, difficult characters, residents from abroad.

Everything follows from municipality, size, seed and day; two runs give the same people. Ages follow the shape of
Japan's population of the 2020s (rounded shares), households grow out of the ages, names and addresses out of the
households.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

from card_sim.households import Household, Resident, households
from card_sim.municipalities import Municipality, municipality_with_code
from card_sim.people import Persona, load_people, persona_of
from card_sim.population_cards import card_row
from card_sim.storage import PUBLIC, write_whole

SIZE_MAX: Final = 1_000_000
DEFAULT_DAY: Final = date(2026, 11, 20)
"""The day of the test data's clock."""

FOREIGN_SHARE: Final = 0.03
SINGLE_NAME_SHARE: Final = 0.1
BUILDING_SHARE: Final = 0.35
FULL_WIDTH: Final = str.maketrans("0123456789-", "０１２３４５６７８９－")


@dataclass(frozen=True)
class Town:
    """What a population is generated from."""

    municipality: Municipality
    size: int
    seed: int
    day: date = DEFAULT_DAY

    @classmethod
    def of(cls, code: str, size: int, seed: int, day: date = DEFAULT_DAY) -> Town:
        """Raises KeyError for an unknown code, ValueError for a size outside 1 to 1,000,000."""
        if not 1 <= size <= SIZE_MAX:
            raise ValueError(f"the size of a population is 1 to {SIZE_MAX}")
        return cls(municipality_with_code(code), size, seed, day)


def rows(town: Town) -> Iterator[dict[str, Any]]:
    """The people as rows of the form of `data/test_people.json`."""
    chance = random.Random(f"{town.municipality.code}|{town.size}|{town.seed}|{town.day}")  # noqa: S311  # no secret
    number = 0
    for household in households(town.size, town.day, chance):
        names = _family(household, chance)
        address = _address(town.municipality, chance)
        for resident, (name, reading) in zip(household.residents, names.each, strict=True):
            number += 1
            yield {
                "person_id": f"P{town.municipality.code}-{town.seed}-{number:06d}",
                "name": name,
                "name_kana": reading,
                "address": address,
                "birth_date": resident.birth_date.isoformat(),
                "birth_date_era": None if names.foreign else "和暦",
                "sex": resident.sex,
                "household": household.number,
                "card": card_row(resident, town.day, chance),
            }


def generate(town: Town) -> Iterator[Persona]:
    """The people one by one; about 10,000 a second."""
    return map(_persona, rows(town))


def save(town: Town, state_dir: Path) -> Path:
    """Write a population where desk and `card insert` find it; gives the file. Raises OSError."""
    folder = state_dir / "population"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{town.municipality.code}-{town.seed}.json"
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows(town))
    write_whole(path, f'{{"about": "Generated. Nobody here exists.", "people": [\n{lines}\n]}}\n'.encode(), PUBLIC)
    return path


def load(path: Path) -> dict[str, Persona]:
    """The people of a saved population. Raises OSError, ValueError, KeyError when the file is no population."""
    return {row["person_id"]: _persona(row) for row in json.loads(path.read_bytes())["people"]}


def everybody(state_dir: Path) -> dict[str, Persona]:
    """The test people, and all populations saved in a state directory."""
    people = load_people()
    for path in sorted((state_dir / "population").glob("*.json")):
        people |= load(path)
    return people


def _persona(row: Mapping[str, Any]) -> Persona:
    return persona_of(row, "自動で作った模擬住民です。", from_population=True)


@dataclass(frozen=True)
class _FamilyNames:
    foreign: bool
    each: list[tuple[str, str]]
    """Name and reading of each resident, in the household's order."""


def _family(household: Household, chance: random.Random) -> _FamilyNames:
    words = _words()
    foreign = chance.random() < FOREIGN_SHARE
    if not foreign:
        surname = chance.choices(words["surnames"], [row["weight"] for row in words["surnames"]])[0]
        written = chance.choices([form[0] for form in surname["forms"]], [form[1] for form in surname["forms"]])[0]
        given = [_given(resident, chance) for resident in household.residents]
        return _FamilyNames(False, [(f"{written}　{name}", f"{surname['reading']}　{kana}") for name, kana in given])
    names = words["foreign"]
    if len(household.residents) == 1 and chance.random() < SINGLE_NAME_SHARE:
        return _FamilyNames(True, [tuple(chance.choice(names["single"][household.residents[0].sex]))])
    family, family_reading = chance.choice(names["families"])
    each = [chance.choice(names["given"][resident.sex]) for resident in household.residents]
    return _FamilyNames(True, [(f"{family}　{name}", f"{family_reading}　{kana}") for name, kana in each])


def _given(resident: Resident, chance: random.Random) -> tuple[str, str]:
    """A name that was given in the year of birth."""
    year = resident.birth_date.year
    fitting = [(name, kana) for name, kana, first, last in _words()["given"][resident.sex] if first <= year <= last]
    return chance.choice(fitting)


def _address(municipality: Municipality, chance: random.Random) -> str:
    words = _words()
    town = chance.choice(words["towns"])
    chome = f"{chance.randint(1, 6)}丁目" if not town.startswith(("大字", "字")) else ""
    block = f"{chance.randint(1, 60)}番地" if not chome else f"{chance.randint(1, 40)}番{chance.randint(1, 25)}号"
    place = f"{municipality.full_name}{town}{chome}{block}"
    if chance.random() < BUILDING_SHARE:
        place += f"　{chance.choice(words['buildings'])}{chance.randint(1, 15)}{chance.randint(1, 12):02d}号室"
    return place.translate(FULL_WIDTH)


@cache
def _words() -> Any:
    return json.loads(resources.files("card_sim").joinpath("data/population_names.json").read_text(encoding="utf-8"))
