"""The table of prefectures, municipalities and wards, read once from the CSV files in ``data``.

An installation may keep a newer table in its state folder (``todoke municipalities import``), which then goes before
the one of the package. The fictional municipalities of the samples join only where the installation is not a
production one.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from app import clock
from app.municipalities.codes import is_valid_code

TABLE_FILE = "municipalities.csv"
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


KIND_OF_TABLE = {
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
    ``successor`` is the code that a row which is no longer valid went over to, where one did.
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
    valid_from: date | None = None
    valid_to: date | None = None
    successor: str | None = None

    def is_valid_on(self, day: date) -> bool:
        """True from ``valid_from`` to ``valid_to``, both included; ``None`` is an open end."""
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day <= self.valid_to)

    @property
    def label(self) -> str:
        """How a page names it: with prefecture and county, as in みらい県やまなみ郡みどり町."""
        return self.name if self.kind is Kind.PREFECTURE else f"{self.prefecture}{self.county}{self.name}"


@dataclass(frozen=True, slots=True)
class Alias:
    """A name that is no longer, or not officially, the name of ``code`` (BR-22). ``alias`` has its prefecture.

    ``valid_until``: the last day on which it was the name; cards issued before go on showing it. Without a code the
    name is known to be retired, and where it went is for staff to say.
    """

    alias: str
    code: str | None
    valid_until: date | None = None


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
def load_table(with_samples: bool, folder: Path | None = None, day: date | None = None) -> Table:
    """Read the table as it stands on ``day`` (default: whatever has no end).

    ``with_samples`` adds the fictional municipalities; ``folder`` is where an imported table may be. ``ValueError``
    for a wrong check digit.
    """
    kept = read_rows(table_path(folder))
    rows = {row.code: row for row in kept.rows if (row.is_valid_on(day) if day else row.valid_to is None)}
    version = kept.version
    if with_samples:
        rows |= {row.code: row for row in _sample_rows()}
        version += "+samples"
    wrong = [code for code in rows if not is_valid_code(code)]
    if wrong:
        raise ValueError(f"wrong check digits in the municipality table: {', '.join(wrong)}")
    aliases = (*_read_aliases(), *_retired(kept.rows, rows))
    return Table(version, MappingProxyType(rows), aliases, MappingProxyType(_read_towns()))


@dataclass(frozen=True, slots=True)
class KeptTable:
    """A table file as read: every row, past and future ones too, and the day for which it was made."""

    version: str
    rows: tuple[Municipality, ...]


def table_path(folder: Path | None) -> Path:
    """The imported table where there is one, else the one of the package."""
    imported = folder / TABLE_FILE if folder else None
    return imported if imported is not None and imported.exists() else _DATA / TABLE_FILE


def read_rows(path: Path) -> KeptTable:
    """Read a table file that was written by the import or comes with the package."""
    with path.open(encoding="utf-8", newline="") as file:
        records = list(csv.DictReader(file))
    prefecture_codes = {record["prefecture"]: record["code6"] for record in records if record["kind"] == "都道府県"}
    rows = tuple(row_of(record, prefecture_codes[record["prefecture"]]) for record in records)
    return KeptTable(max(record["valid_as_of"] for record in records), rows)


def row_of(record: Mapping[str, str], prefecture_code: str) -> Municipality:
    """One line of a table file."""
    return Municipality(
        code=record["code6"],
        name=record["name"],
        full_name=record["full_name"],
        prefecture=record["prefecture"],
        prefecture_code=prefecture_code,
        county=record["county"],
        kana=record["kana"],
        kind=KIND_OF_TABLE[record["kind"]],
        parent=record["parent"] or None,
        valid_from=_day(record.get("valid_from")),
        valid_to=_day(record.get("valid_to")),
        successor=record.get("successor") or None,
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _retired(kept: tuple[Municipality, ...], rows: Mapping[str, Municipality]) -> Iterator[Alias]:
    """Names that ended: they lead to their successor, or are known to lead nowhere certain (BR-22)."""
    valid = {row.label for row in rows.values()}
    for row in kept:
        if row.valid_to is not None and row.kind is not Kind.PREFECTURE and row.label not in valid:
            yield Alias(row.label, row.successor if row.successor in rows else None, row.valid_to)


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
        return tuple(
            Alias(record["alias"], record["code6"], _day(record["valid_until"])) for record in csv.DictReader(file)
        )


def _read_towns() -> dict[str, frozenset[str]]:
    towns: dict[str, set[str]] = {}
    with (_DATA / "ambiguous_towns.csv").open(encoding="utf-8", newline="") as file:
        for record in csv.DictReader(file):
            towns.setdefault(record["code6"], set()).add(record["town"])
    return {code: frozenset(names) for code, names in towns.items()}


class _State:
    with_samples = False
    folder: Path | None = None
    table: Table | None = None
    changes: tuple[date, ...] = ()
    day: date | None = None


def configure(with_samples: bool, folder: Path | None = None) -> None:
    """Choose the table of this process, once at start; without a call it is the one of the package alone.

    ``folder`` is where ``todoke municipalities import`` keeps a newer table.
    """
    _State.with_samples, _State.folder, _State.table = with_samples, folder, None


def current_table() -> Table:
    """The table of this process, as it stands today."""
    if _State.table is None:
        days = [(row.valid_from, row.valid_to) for row in read_rows(table_path(_State.folder)).rows]
        _State.changes = tuple(sorted({day for pair in days for day in pair if day is not None}))
    elif not _State.changes or _State.day == clock.today():
        return _State.table
    _State.day = clock.today() if _State.changes else None
    _State.table = load_table(_State.with_samples, _State.folder, _State.day)
    return _State.table


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
