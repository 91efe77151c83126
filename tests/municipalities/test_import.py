"""`todoke municipalities import`: checked as a whole, compared, nothing forgotten (BR-22, BR-71, BR-73)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from app import clock, municipalities
from app.cli import cli
from app.municipalities import Status, resolve
from app.municipalities.table import read_rows, table_path

PACKAGE_TABLE = table_path(None)
NEW_DAY = "2027-04-01"
Rows = list[dict[str, str]]


@pytest.fixture
def rows() -> Rows:
    """The table of the package as a file that holds from 2027-04-01."""
    with PACKAGE_TABLE.open(encoding="utf-8", newline="") as file:
        return [record | {"valid_as_of": NEW_DAY} for record in csv.DictReader(file)]


@pytest.fixture(autouse=True)
def _own_table() -> Iterator[None]:
    yield
    municipalities.configure(with_samples=False)


def _write(path: Path, rows: Rows, encoding: str = "utf-8") -> Path:
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(dict.fromkeys(key for row in rows for key in row)), restval="")
    writer.writeheader()
    writer.writerows(rows)
    path.write_bytes(buffer.getvalue().encode(encoding))
    return path


def _import(path: Path, state: Path, *options: str) -> tuple[int, str]:
    done = CliRunner().invoke(cli, ["municipalities", "import", str(path), "--state-dir", str(state), *options])
    return done.exit_code, done.output


def _row(rows: Rows, code: str) -> dict[str, str]:
    return next(row for row in rows if row["code6"] == code)


def _at(moment: str, state: Path, address: str) -> municipalities.Resolution:
    with clock.frozen(datetime.fromisoformat(f"{moment}T12:00:00+09:00")):
        municipalities.configure(False, state / "municipalities")
        return resolve(address)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_the_same_table_again_changes_nothing(tmp_path: Path, rows: Rows, encoding: str) -> None:
    status, output = _import(_write(tmp_path / "t.csv", rows, encoding), tmp_path)
    assert (status, output.strip()) == (0, "0 added, 0 ended, 0 changed, 1959 unchanged")
    assert read_rows(table_path(tmp_path / "municipalities")).rows == read_rows(PACKAGE_TABLE).rows


def test_br_22_a_merger_ends_two_and_begins_one_and_the_old_names_lead_to_the_new(tmp_path: Path, rows: Rows) -> None:
    old = _row(rows, "252140")  # 米原市
    rows.remove(old)
    rows.append(old | {"valid_to": "2027-03-31", "successor": "259993"})
    rows.append(
        {**old, "code6": "259993", "code5": "25999", "name": "湖北市", "kana": "コホクシ", "full_name": "滋賀県湖北市"}
    )
    path = _write(tmp_path / "new.csv", rows)
    status, output = _import(path, tmp_path, "--dry-run")
    assert status == 0
    assert "+ 259993 滋賀県湖北市 (from 2027-04-01)" in output
    assert "- 252140 滋賀県米原市 (until 2027-03-31)" in output
    assert "1 added, 1 ended, 0 changed, 1958 unchanged; nothing was written" in output
    assert not (tmp_path / "municipalities").exists()
    assert _import(path, tmp_path)[0] == 0
    assert _at("2027-03-31", tmp_path, "滋賀県米原市米原").code == "252140"
    assert _at("2027-03-31", tmp_path, "滋賀県湖北市米原").status is Status.NONE
    assert _at("2027-04-01", tmp_path, "滋賀県湖北市米原").code == "259993"
    # Cards go on showing the old name.
    assert _at("2027-04-01", tmp_path, "滋賀県米原市米原").code == "259993"
    kept = {row.code: row for row in read_rows(table_path(tmp_path / "municipalities")).rows}
    assert (kept["252140"].valid_to, kept["252140"].successor) == (date(2027, 3, 31), "259993")
    assert kept["259993"].valid_from == date(2027, 4, 1)
    assert _import(path, tmp_path)[1].strip() == "0 added, 0 ended, 0 changed, 1959 unchanged"


def test_a_row_that_is_gone_without_a_successor_is_never_guessed(tmp_path: Path, rows: Rows) -> None:
    rows.remove(_row(rows, "252140"))
    status, output = _import(_write(tmp_path / "new.csv", rows), tmp_path)
    assert (status, "0 added, 1 ended" in output) == (0, True)
    found = _at("2027-04-01", tmp_path, "滋賀県米原市米原１０１６番地")
    assert (found.status, found.code) == (Status.NONE, None)


def test_a_renamed_municipality_keeps_its_code_and_its_old_name(tmp_path: Path, rows: Rows) -> None:
    row = _row(rows, "203246")  # 立科町
    row |= {"name": "立科高原町", "full_name": "長野県北佐久郡立科高原町"}
    _, output = _import(_write(tmp_path / "new.csv", rows), tmp_path)
    assert "~ 203246 長野県北佐久郡立科高原町 name: 立科町 -> 立科高原町" in output
    for address in ("長野県立科町芦田", "長野県北佐久郡立科高原町芦田"):
        assert _at("2027-04-01", tmp_path, address).code == "203246"


def test_br_73_every_fault_is_named_by_row_and_column_and_nothing_is_taken(tmp_path: Path, rows: Rows) -> None:
    rows[1]["code6"] = "011003"
    rows[2]["code6"] = "11011"
    rows[3]["kind"] = "県"
    rows[4]["prefecture"] = "みらい県"
    rows[5]["valid_from"] = "2027-02-30"
    rows[6]["name"] = " "
    rows.append(dict(rows[7]))
    status, output = _import(_write(tmp_path / "bad.csv", rows), tmp_path)
    assert status == 1
    for fault in (
        "row 3, code6: the check digit of 011003 is wrong (E603)",
        "row 4, code6: '11011' is not six digits",
        "row 5, kind: must be one of",
        "row 6, prefecture: みらい県 has no row of its own",
        "row 7, valid_from: 2027-02-30 is no day",
        "row 8, name: is empty",
        f"row 1961, code6: {rows[7]['code6']} stands in row 9 already",
    ):
        assert fault in output, fault
    assert not (tmp_path / "municipalities").exists()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the column code6 is missing"),
        (b"code6,name\n", "the column prefecture is missing"),
        (b"\xff\xff\xff\x81\n", "is neither UTF-8 nor Shift_JIS"),
        (b"code6,prefecture,name,kana,kind\n", "needs between 1 and"),
        ("code6,prefecture,name,kana,kind\n010006,北海道\n".encode(), "row 2: has more or fewer cells"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    status, output = _import(path, tmp_path)
    assert status == 1
    assert reason in output


def test_a_part_of_the_table_does_not_end_the_rest_by_mistake(tmp_path: Path, rows: Rows) -> None:
    path = _write(tmp_path / "part.csv", [row for row in rows if row["prefecture"] == "北海道"])
    status, output = _import(path, tmp_path)
    assert status == 1
    assert "is it the whole table?" in output


def test_a_file_without_a_day_needs_one(tmp_path: Path, rows: Rows) -> None:
    for row in rows:
        del row["valid_as_of"]
    path = _write(tmp_path / "t.csv", rows)
    assert "--as-of" in _import(path, tmp_path)[1]
    assert _import(path, tmp_path, "--as-of", "2027-04-01")[0] == 0
