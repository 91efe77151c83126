"""The table of prefectures, municipalities and wards, read once from the CSV files in ``data``.

The fictional municipalities of the samples join only where the installation is not a production one.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from app.municipalities.codes import is_valid_code

_DATA = Path(__file__).parent / "data"
_SAMPLES = Path(__file__).parent.parent / "sample_data" / "sample_municipalities.json"


class Kind(StrEnum):
    """What sort of body a row is."""

    PREFECTURE = "prefecture"
    DESIGNATED_CITY = "designated_city"
    CITY = "city"
    SPECIAL_WARD = "special_ward"
    TOWN = "town"
    VILLAGE = "village"
    WARD = "ward"


_KIND_OF_TABLE = {
    "都道府県": Kind.PREFECTURE,
    "政令指定都市": Kind.DESIGNATED_CITY,
    "市": Kind.CITY,
    "特別区": Kind.SPECIAL_WARD,
    "町": Kind.TOWN,
    "村": Kind.VILLAGE,
    "行政区": Kind.WARD,
}
_KIND_OF_SAMPLE = {
    "pref": Kind.PREFECTURE,
    "designated": Kind.DESIGNATED_CITY,
    "city": Kind.CITY,
    "town": Kind.TOWN,
    "village": Kind.VILLAGE,
}


class UnknownMunicipality(LookupError):
    """The code is in no row of the table."""


@dataclass(frozen=True, slots=True)
class Municipality:
    """One row. ``full_name`` is as the postal data spell it, which for two towns is another glyph than ``name``.

    ``parent`` is the designated city of a ward, the prefecture of a municipality, ``None`` for a prefecture.
    """

    code: str
    name: str
    full_name: str
    prefecture: str
    prefecture_code: str
    county: str
    kana: str
    kind: Kind
    parent: str | None

    @property
    def label(self) -> str:
        """How a page names it: with prefecture and county, as in みらい県やまなみ郡みどり町."""
        return self.name if self.kind is Kind.PREFECTURE else f"{self.prefecture}{self.county}{self.name}"


@dataclass(frozen=True, slots=True)
class Alias:
    """A name that is no longer, or not officially, the name of ``code`` (BR-22). ``alias`` has its prefecture."""

    alias: str
    code: str


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """All rows by code, the retired names, and the towns of municipalities that share a name."""

    version: str
    rows: Mapping[str, Municipality]
    aliases: tuple[Alias, ...]
    towns_of_shared_names: Mapping[str, frozenset[str]]

    def get(self, code: str) -> Municipality:
        """The row of a six-digit code, or ``UnknownMunicipality``."""
        try:
            return self.rows[code]
        except KeyError:
            raise UnknownMunicipality(code) from None


@cache
def load_table(with_samples: bool) -> Table:
    """Read the table; ``with_samples`` adds the fictional municipalities. ``ValueError`` for a wrong check digit."""
    rows: dict[str, Municipality] = {}
    with (_DATA / "municipalities.csv").open(encoding="utf-8", newline="") as file:
        records = list(csv.DictReader(file))
    prefecture_codes = {record["prefecture"]: record["code6"] for record in records if record["kind"] == "都道府県"}
    for record in records:
        rows[record["code6"]] = Municipality(
            code=record["code6"],
            name=record["name"],
            full_name=record["full_name"],
            prefecture=record["prefecture"],
            prefecture_code=prefecture_codes[record["prefecture"]],
            county=record["county"],
            kana=record["kana"],
            kind=_KIND_OF_TABLE[record["kind"]],
            parent=record["parent"] or None,
        )
    version = max(record["valid_as_of"] for record in records)
    if with_samples:
        rows |= {row.code: row for row in _sample_rows()}
        version += "+samples"
    wrong = [code for code in rows if not is_valid_code(code)]
    if wrong:
        raise ValueError(f"wrong check digits in the municipality table: {', '.join(wrong)}")
    return Table(version, MappingProxyType(rows), _read_aliases(), MappingProxyType(_read_towns()))


def _sample_rows() -> Iterator[Municipality]:
    entries: list[dict[str, Any]] = json.loads(_SAMPLES.read_text(encoding="utf-8"))
    prefecture_codes = {entry["prefecture"]: entry["code"] for entry in entries if entry["kind"] == "pref"}
    for entry in entries:
        city = _sample_row(entry, entry, _KIND_OF_SAMPLE[entry["kind"]], entry["parent"], prefecture_codes)
        yield city
        for ward in entry.get("wards", ()):
            yield _sample_row(entry, ward, Kind.WARD, city.code, prefecture_codes)


def _sample_row(
    place: dict[str, Any], named: dict[str, Any], kind: Kind, parent: str | None, prefecture_codes: dict[str, str]
) -> Municipality:
    prefecture, county, name = place["prefecture"], place["county"], named["name"]
    return Municipality(
        code=named["code"],
        name=name,
        full_name=name if kind is Kind.PREFECTURE else f"{prefecture}{county}{name}",
        prefecture=prefecture,
        prefecture_code=prefecture_codes[prefecture],
        county=county,
        kana=named["kana"],
        kind=kind,
        parent=parent,
    )


def _read_aliases() -> tuple[Alias, ...]:
    with (_DATA / "municipality_aliases.csv").open(encoding="utf-8", newline="") as file:
        return tuple(Alias(record["alias"], record["code6"]) for record in csv.DictReader(file))


def _read_towns() -> dict[str, frozenset[str]]:
    towns: dict[str, set[str]] = {}
    with (_DATA / "ambiguous_towns.csv").open(encoding="utf-8", newline="") as file:
        for record in csv.DictReader(file):
            towns.setdefault(record["code6"], set()).add(record["town"])
    return {code: frozenset(names) for code, names in towns.items()}


class _State:
    with_samples = False


def configure(with_samples: bool) -> None:
    """Choose the table of this process, once at start; without a call it is the real one alone."""
    _State.with_samples = with_samples


def current_table() -> Table:
    """The table of this process."""
    return load_table(_State.with_samples)


def get(code: str) -> Municipality:
    """The municipality, ward or prefecture of a six-digit code, or ``UnknownMunicipality``."""
    return current_table().get(code)


def label(code: str) -> str:
    """How a page names the code: みらい県あさひ市. Raises ``UnknownMunicipality``."""
    return get(code).label


def covers(policy_code: str, address_code: str) -> bool:
    """True when an address of ``address_code`` lies inside ``policy_code``.

    A ward lies in its designated city, and everything of a prefecture in the prefecture (BR-21). An unknown code
    covers nothing.
    """
    rows = current_table().rows
    code: str | None = address_code
    while code is not None and code in rows:
        if code == policy_code:
            return True
        code = rows[code].parent
    return False
