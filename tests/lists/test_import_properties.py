"""Whatever bytes are handed in: a list is loaded, or refused with named cells; never a crash, never half."""

from __future__ import annotations

import csv
import io
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app import lists
from app.lists import ListRefused
from app.lists.layout import COLUMNS, SEPARATOR, MyNumberFound, RowReader
from app.lists.problems import Problems
from tests.lists.conftest import HEADING, Load
from tests.lists.workbook import write_workbook
from tests.properties import examples

_QUIET = [HealthCheck.function_scoped_fixture]
_DATES = st.dates(date(1900, 1, 1), date(2026, 11, 20))
_NAMES = st.text(st.sampled_from("髙高橋﨑崎𠮷吉田齋斎斉藤濵渡邉山本 　ABé"), min_size=1, max_size=8).filter(str.strip)


@settings(max_examples=examples(60), suppress_health_check=_QUIET)
@given(st.one_of(st.binary(max_size=200), st.text(max_size=80).map(lambda rest: f"{HEADING}\n{rest}".encode())))
def test_any_bytes_are_loaded_or_refused(load: Load, content: bytes) -> None:
    try:
        report = load(content=content, dry_run=True)
    except ListRefused as refusal:
        assert refusal.problems
        assert all(problem.text for problem in refusal.problems)
        return
    assert report.rows >= 1


_TYPES = st.sampled_from(["", "s", "inlineStr", "str", "n", "b", "d", "e"])
_ADDRESSES = st.one_of(
    st.none(), st.from_regex("[A-F][0-9]{1,3}", fullmatch=True), st.text(st.sampled_from("AZ09$ :"), max_size=6)
)
_INSIDE = st.sampled_from(
    [
        "",
        "<v>1</v>",
        "<v>-1</v>",
        "<v>1E400</v>",
        "<v>x</v>",
        "<v>99999999999</v>",
        "<is><t>氏名</t></is>",
        "<is/>",
        "<v",
    ]
)
_CELLS = st.lists(st.tuples(_ADDRESSES, _TYPES, st.integers(-1, 9), _INSIDE), max_size=6)


@settings(max_examples=examples(60), suppress_health_check=_QUIET)
@given(st.lists(st.tuples(_ADDRESSES, _CELLS), max_size=4))
def test_any_sheet_is_loaded_or_refused(
    load: Load, tmp_path: Path, rows: list[tuple[str | None, list[tuple[str | None, str, int, str]]]]
) -> None:
    body = ""
    for number, cells in rows:
        inside = "".join(
            f'<c{_attribute("r", at)}{_attribute("t", kind)} s="{style}">{value}</c>'
            for at, kind, style, value in cells
        )
        body += f"<row{_attribute('r', number)}>{inside}</row>"
    heading = [HEADING.split(",")]
    with pytest.raises(ListRefused) as refusal:
        load(path=write_workbook(tmp_path / "list.xlsx", heading, body=body), dry_run=True)
    assert all(problem.text for problem in refusal.value.problems)


def _attribute(name: str, value: str | None) -> str:
    return "" if value is None else f' {name}="{value}"'


@settings(max_examples=examples(300))
@given(st.lists(st.text(st.characters(), max_size=30), max_size=10))
def test_any_cells_are_a_row_or_a_problem(cells: list[str]) -> None:
    problems = Problems()
    reader = RowReader(tuple(range(len(COLUMNS))), len(COLUMNS), "983012", date(2026, 11, 20), problems)
    try:
        row = reader.read(2, cells)
    except MyNumberFound:
        return
    assert (row is None) == bool(problems.found)
    if row is not None:
        assert row.content.split(SEPARATOR) == cells


@settings(max_examples=examples(40), suppress_health_check=_QUIET)
@given(st.lists(st.tuples(_NAMES, _DATES), min_size=1, max_size=8, unique_by=lambda row: row[1]))
def test_what_was_loaded_is_what_comes_back_and_again_is_no_change(load: Load, people: list[tuple[str, date]]) -> None:
    text = io.StringIO(newline="")
    rows = [[f"S-{number}", name, "", born.isoformat(), "本町"] for number, (name, born) in enumerate(people)]
    csv.writer(text).writerows([HEADING.split(","), *rows])
    first = load(content=text.getvalue().encode())
    assert first.rows == len(rows)
    again = load(content=b"\xef\xbb\xbf" + text.getvalue().encode())
    assert (again.version, again.changes) == (first.version, 0)
    from app import db
    from app.lists import match, subject_of

    with db.reading() as session:
        for name, born in people:
            found = match(session, first.list_id, subject_of(name, "ほくと県きた郡しらかば村本町１", born))
            assert found.level in lists.STRONG_LEVELS
