"""Taking over a newer municipality table: checked as a whole, compared with the present one, nothing forgotten (BR-22).

A row that is no longer in the file ends on the day before the file's own day; a renamed one ends and begins again under
the same code. What has ended stays in the table, because cards go on showing it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, timedelta
from pathlib import Path

from app.municipalities.codes import check_digit, is_valid_code
from app.municipalities.table import (
    KIND_OF_TABLE,
    TABLE_FILE,
    KeptTable,
    Municipality,
    read_rows,
    row_of,
    table_path,
)

MAX_FILE_BYTES = 10 * 1024 * 1024
MAX_ROWS = 20_000
MOST_ENDS = 0.1
"""A file that would end more of the table than this is taken for a part of one."""

REQUIRED = ("code6", "prefecture", "name", "kana", "kind")
COLUMNS = (
    *("code6", "code5", "prefecture", "name", "kana", "kind", "parent", "county", "county_kana", "full_name"),
    *("valid_as_of", "valid_from", "valid_to", "successor"),
)
_RENAMED_BY = ("name", "prefecture", "county", "kind")
_LABEL_OF_KIND = {kind: label for label, kind in KIND_OF_TABLE.items()}


class TableRefused(Exception):
    """Nothing was changed. ``faults`` names every fault with its row and column."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True)
class Difference:
    """What an import changes: rows that begin, rows that end, and (row, column, before, after)."""

    added: tuple[Municipality, ...]
    ended: tuple[Municipality, ...]
    changed: tuple[tuple[Municipality, str, str, str], ...]
    unchanged: int

    @property
    def is_empty(self) -> bool:
        """True when the file says what the table says already."""
        return not (self.added or self.ended or self.changed)


def import_table(
    path: Path, folder: Path, *, as_of: date | None = None, write: bool, partial: bool = False
) -> Difference:
    """Compare a file with the table of the installation and, with ``write``, take it over; all or nothing.

    ``as_of`` is the day from which the file holds, unless its column ``valid_as_of`` says so. Raises ``TableRefused``;
    also for a file that would end more than a tenth of the table, unless ``partial`` is accepted as such.
    """
    kept = read_rows(table_path(folder))
    new, day = _read(path, as_of)
    merged, difference = _merge(kept, new, day)
    current = sum(row.is_valid_on(day) for row in kept.rows)
    if len(difference.ended) > current * MOST_ENDS and not partial:
        raise TableRefused(
            [f"{path.name}: would end {len(difference.ended)} of {current} rows; is it the whole table?"]
        )
    if write:
        _write(folder, merged, max(day.isoformat(), kept.version))
    return difference


def _read(path: Path, as_of: date | None) -> tuple[tuple[Municipality, ...], date]:
    raw = path.read_bytes()
    if len(raw) > MAX_FILE_BYTES:
        raise TableRefused([f"{path.name}: is larger than {MAX_FILE_BYTES} bytes"])
    reader = csv.DictReader(io.StringIO(_decoded(path, raw), newline=""), strict=True)
    try:
        records = list(reader)
    except csv.Error as error:
        raise TableRefused([f"{path.name}: line {reader.line_num}: {error}"]) from None
    missing = [column for column in REQUIRED if column not in (reader.fieldnames or ())]
    if missing:
        raise TableRefused([f"{path.name}: the column {column} is missing" for column in missing])
    if not 0 < len(records) <= MAX_ROWS:
        raise TableRefused([f"{path.name}: needs between 1 and {MAX_ROWS} rows"])
    faults = [f"{path.name}: {fault}" for fault in _faults(records)]
    if faults:
        raise TableRefused(faults)
    days = {record.get("valid_as_of") or "" for record in records} - {""}
    day = as_of or (date.fromisoformat(max(days)) if days else None)
    if day is None:
        raise TableRefused([f"{path.name}: has no column valid_as_of; say from which day it holds (--as-of)"])
    prefectures = {record["prefecture"]: record["code6"] for record in records if record["kind"] == "都道府県"}
    return tuple(_row(record, prefectures) for record in records), day


def _decoded(path: Path, raw: bytes) -> str:
    for encoding in ("utf-8-sig", "cp932"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise TableRefused([f"{path.name}: is neither UTF-8 nor Shift_JIS (CP932)"])


def _faults(records: Sequence[Mapping[str, str]]) -> Iterator[str]:
    """Every fault with the row as a spreadsheet counts it: the headings are row 1."""
    prefectures = {record["prefecture"] for record in records if record["kind"] == "都道府県"}
    codes = {record["code6"] for record in records}
    lasting: dict[str, int] = {}
    for number, record in enumerate(records, start=2):
        if None in record or None in record.values():
            yield f"row {number}: has more or fewer cells than there are columns"
            continue
        code = record["code6"]
        yield from _faults_of_code(number, code, record.get("code5") or code[:5])
        for column in ("name", "prefecture", "kana"):
            if not record[column].strip():
                yield f"row {number}, {column}: is empty"
        if record["kind"] not in KIND_OF_TABLE:
            yield f"row {number}, kind: must be one of {', '.join(KIND_OF_TABLE)}"
        if record["prefecture"] not in prefectures:
            yield f"row {number}, prefecture: {record['prefecture']} has no row of its own"
        for column in ("parent", "successor"):
            if record.get(column) and record[column] not in codes:
                yield f"row {number}, {column}: {record[column]} is no code of this file"
        yield from _faults_of_days(number, record)
        if not record.get("valid_to") and lasting.setdefault(code, number) != number:
            yield f"row {number}, code6: {code} stands in row {lasting[code]} already"


def _faults_of_code(number: int, code: str, code5: str) -> Iterator[str]:
    """Six digits (E602) with the right check digit (E603, BR-73); a lost zero is never put back (BR-71)."""
    if len(code) != 6 or not (code.isascii() and code.isdigit()):
        yield f"row {number}, code6: {code!r} is not six digits; a leading zero may be lost (E602)"
    elif not is_valid_code(code):
        yield f"row {number}, code6: the check digit of {code} is wrong (E603)"
    if code5 != code[:5]:
        yield f"row {number}, code5: {code5} does not begin {code}"


def _faults_of_days(number: int, record: Mapping[str, str]) -> Iterator[str]:
    days: dict[str, date] = {}
    for column in ("valid_as_of", "valid_from", "valid_to"):
        try:
            if record.get(column):
                days[column] = date.fromisoformat(record[column])
        except ValueError:
            yield f"row {number}, {column}: {record[column]} is no day such as 2026-09-30"
    if "valid_from" in days and "valid_to" in days and days["valid_from"] > days["valid_to"]:
        yield f"row {number}, valid_to: is before valid_from"


def _row(record: Mapping[str, str], prefectures: Mapping[str, str]) -> Municipality:
    full = {column: record.get(column) or "" for column in COLUMNS}
    full["full_name"] = full["full_name"] or (
        full["name"] if full["kind"] == "都道府県" else full["prefecture"] + full["county"] + full["name"]
    )
    if not full["parent"] and full["kind"] != "都道府県":
        full["parent"] = prefectures[full["prefecture"]]
    return row_of(full, prefectures[full["prefecture"]])


def _merge(kept: KeptTable, new: Sequence[Municipality], day: date) -> tuple[list[Municipality], Difference]:
    before = day - timedelta(days=1)
    past = [row for row in kept.rows if row.valid_to is not None and row.valid_to < day]
    present = {row.code: row for row in kept.rows if row.valid_to is None or row.valid_to >= day}
    merged: list[Municipality] = list(past)
    added: list[Municipality] = []
    ended: list[Municipality] = []
    changed: list[tuple[Municipality, str, str, str]] = []
    unchanged = 0
    known_past = {(row.code, row.label) for row in past}
    for row in new:
        if row.valid_to is not None and row.valid_to < day:
            if (row.code, row.label) in known_past:
                continue
            gone = present.pop(row.code, None) if row.code in present and present[row.code].label == row.label else None
            ended += [row] if gone else []
            merged.append(row if row.valid_from or gone is None else replace(row, valid_from=gone.valid_from))
            continue
        old = present.pop(row.code, None)
        if old is None:
            first = replace(row, valid_from=row.valid_from or day)
            added.append(first)
            merged.append(first)
            continue
        differences = [
            (field.name, _shown(getattr(old, field.name)), _shown(getattr(row, field.name)))
            for field in fields(Municipality)
            if getattr(old, field.name) != getattr(row, field.name) and _is_stated(row, field.name)
        ]
        changed += [(row, *difference) for difference in differences]
        unchanged += not differences
        if any(name in _RENAMED_BY for name, _, _ in differences):
            merged.append(replace(old, valid_to=before, successor=row.code))
            merged.append(replace(row, valid_from=row.valid_from or day))
        else:
            merged.append(
                replace(row, valid_from=row.valid_from or old.valid_from, valid_to=row.valid_to or old.valid_to)
            )
    for old in present.values():
        ended.append(replace(old, valid_to=min(before, old.valid_to or before)))
        merged.append(ended[-1])
    order = sorted(merged, key=lambda row: (row.code, row.valid_to or date.max))
    return order, Difference(tuple(added), tuple(ended), tuple(changed), unchanged)


def _is_stated(row: Municipality, name: str) -> bool:
    """A file that says nothing of days or successors leaves them as they are."""
    return name not in ("valid_from", "valid_to", "successor") or getattr(row, name) is not None


def _shown(value: object) -> str:
    return "" if value is None else str(value)


def _write(folder: Path, rows: Sequence[Municipality], version: str) -> None:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        assert check_digit(row.code[:5]) == row.code[5]
        cells = (row.code, row.code[:5], row.prefecture, row.name, row.kana, _LABEL_OF_KIND[row.kind], row.parent)
        days = (version, row.valid_from, row.valid_to, row.successor)
        writer.writerow([_shown(cell) for cell in (*cells, row.county, "", row.full_name, *days)])
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f"{TABLE_FILE}.new"
    draft.write_text(buffer.getvalue(), encoding="utf-8")
    draft.replace(folder / TABLE_FILE)
