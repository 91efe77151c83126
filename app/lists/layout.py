"""The layout of a list file: its columns, and how one row of cells is read and judged (BR-70 to BR-73).

Our own layout until an official one is known (domain.md section 11). Headings in Japanese or by identifier, in any
order; a heading that is not known is refused, because what nobody uses must not be handed over.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from app import municipalities
from app.lists.problems import Problems
from app.my_number import looks_like_my_number
from app.people.dates import ImpossibleDate, parse_date
from app.people.names import has_substitute_mark


@dataclass(frozen=True)
class Column:
    """One column: identifier, headings that name it, and how long a cell may be (code points)."""

    name: str
    title: str
    longest: int
    others: tuple[str, ...] = ()
    required: bool = False


COLUMNS = (
    Column("control_no", "対象者管理番号", 64, ("管理番号",)),
    Column("name", "氏名", 400, ("名前",), required=True),
    Column("name_kana", "氏名カナ", 400, ("カナ氏名", "氏名(カナ)", "フリガナ", "氏名フリガナ")),
    Column("birth_date", "生年月日", 40, required=True),
    Column("sex", "性別", 4),
    Column("town", "町名", 400, ("町字", "大字", "住所(町名)")),
    Column("municipality_code", "自治体コード", 16, ("市区町村コード", "全国地方公共団体コード")),
    Column("note", "備考", 1_000),
)
NAMES = tuple(column.name for column in COLUMNS)
EARLIEST_BIRTH = date(1873, 1, 1)
SEPARATOR = "\x1f"
"""Between the cells of a stored row; no cell can hold it, being a control character."""

_CONTROL = re.compile("[\x00-\x1f\x7f\x80-\x9f\u2028\u2029]")
# Broken bytes; and what CP932 makes of the bytes FD to FF, which stand for nothing.
_UNDECODABLE = re.compile("[\udc80-\udcff\uf8f1-\uf8f3]")
_SCIENTIFIC = re.compile(r"[+-]?\d(?:\.\d+)?E[+-]?\d{1,3}", re.ASCII | re.IGNORECASE)
_FORMULA = re.compile(r"=|#(?:N/A|REF!|VALUE!|NAME\?|DIV/0!|NUM!|NULL!)", re.IGNORECASE)
# Over the cells joined: a control character, what a spreadsheet leaves behind, a broken byte, or a cell long enough to
# hold a My Number. Nearly every row has none of them, and is not looked at cell by cell.
_SUSPECT = re.compile(
    "[\x00-\x1e\x7f-\x9f\u2028\u2029\udc80-\udcff\uf8f1-\uf8f3]|(?:^|\x1f)(?:[=#]|[+-]?[0-9][0-9.]*[eE])|[^\x1f]{12}"
)
_TWELVE = 12
_SEXES = frozenset(("", "0", "1", "2", "9"))


class MyNumberFound(Exception):
    """E607: reading stops at once and nothing of the file is kept. Says where, not what."""

    def __init__(self, row: int, column: int) -> None:
        super().__init__("a cell looks like a My Number")
        self.row = row
        self.column = column


class Row(NamedTuple):
    """One person of a list. ``content`` holds all cells as received (BR-69), in the order of ``COLUMNS``."""

    row_no: int
    content: str
    control_no: str
    name: str
    name_kana: str
    birth_date: date
    town: str
    municipality_code: str
    marked: bool


def refuse_my_number(text: str, row: int, column: int) -> None:
    """Raise ``MyNumberFound`` for a text with a run of twelve digits whose check digit fits (BR-57)."""
    if len(text) >= _TWELVE and looks_like_my_number(text):
        raise MyNumberFound(row, column)


def read_heading(cells: Sequence[str], problems: Problems) -> tuple[int | None, ...]:
    """Which cell holds which column, in the order of ``COLUMNS``; ``None`` for a column that the file has not."""
    positions: dict[str, int] = {}
    for position, cell in enumerate(cells, start=1):
        refuse_my_number(cell, 1, position)
        if _UNDECODABLE.search(cell):
            problems.add("E601", 1, position)
            continue
        name = _KNOWN_HEADINGS.get(_fold_heading(cell))
        if name is None:
            problems.add("layout:header", 1, position, value=cell[:40], known="、".join(c.title for c in COLUMNS))
        elif name in positions:
            problems.add("layout:twice", 1, position, value=cell[:40])
        else:
            positions[name] = position - 1
    for column in COLUMNS:
        if column.required and column.name not in positions and not problems.found:
            problems.add("layout:missing", 1, value=column.title)
    return tuple(positions.get(name) for name in NAMES)


class RowReader:
    """Reads the rows of one file. Faults go to ``problems``; a row with a fault gives ``None``."""

    def __init__(
        self, positions: tuple[int | None, ...], width: int, municipality_code: str, today: date, problems: Problems
    ) -> None:
        self._positions = positions
        self._width = width
        self._municipality_code = municipality_code
        self._today = today
        self._problems = problems
        self._has_control_no = positions[0] is not None
        self.control_no_lengths: set[int] = set()

    def read(self, row_no: int, given: Sequence[str], rewritten: dict[int, str] | None = None) -> Row | None:
        """One row. ``rewritten``: cells that a spreadsheet holds as ``number`` or ``date`` instead of text."""
        known_before = len(self._problems.found)
        if len(given) != self._width:
            self._problems.add("layout:cells", row_no, n=len(given))
            return None
        cells = tuple("" if at is None else given[at] for at in self._positions)
        content = SEPARATOR.join(cells)
        if _SUSPECT.search(content) or content.count(SEPARATOR) != len(COLUMNS) - 1:
            for index, cell in enumerate(cells):
                self._judge_cell(row_no, index, cell)
        if rewritten:
            self._judge_rewritten(row_no, cells, rewritten)
        control_no, name, kana, birth_text, sex, town, code, _ = cells
        birth = self._birth_date(row_no, birth_text)
        if not name.strip():
            self._add("layout:empty", row_no, 1)
        if self._has_control_no:
            self._judge_control_no(row_no, control_no)
        if sex not in _SEXES and unicodedata.normalize("NFKC", sex).strip() not in _SEXES:
            self._add("layout:sex", row_no, 4)
        if code:
            self._judge_code(row_no, code)
        if birth is None or len(self._problems.found) != known_before:
            return None
        return Row(
            row_no, content, control_no, name, kana, birth, town, code or self._municipality_code,
            has_substitute_mark(name),
        )  # fmt: skip

    def _judge_cell(self, row_no: int, index: int, cell: str) -> None:
        at = self._positions[index]
        if at is None:
            return
        refuse_my_number(cell, row_no, at + 1)
        if len(cell) > COLUMNS[index].longest:
            self._add("layout:too_long", row_no, index, n=COLUMNS[index].longest)
        elif _UNDECODABLE.search(cell):
            self._problems.add("E601", row_no, at + 1)
        elif _CONTROL.search(cell):
            self._add("layout:control", row_no, index)
        elif _SCIENTIFIC.fullmatch(cell):
            self._add("damaged:number", row_no, index, value=cell)
        elif _FORMULA.match(cell):
            self._add("damaged:formula", row_no, index, value=cell[:40])

    def _judge_rewritten(self, row_no: int, cells: tuple[str, ...], rewritten: dict[int, str]) -> None:
        """A date is at home in the column of dates only; a number there is judged as what it says."""
        for index, at in enumerate(self._positions):
            kind = None if at is None else rewritten.get(at)
            if kind is not None and COLUMNS[index].name != "birth_date" and not (kind == "number" and index != 1):
                self._add(f"damaged:{kind}", row_no, index, value=cells[index][:40])

    def _birth_date(self, row_no: int, text: str) -> date | None:
        if not text.strip():
            self._add("layout:empty", row_no, 3)
            return None
        try:
            birth = parse_date(text)
        except ImpossibleDate as impossible:
            name = "E608" if impossible.hint else "E608:no_hint"
            self._add(name, row_no, 3, value=text[:40], hint=impossible.hint or "")
            return None
        if EARLIEST_BIRTH <= birth <= self._today:
            return birth
        self._add("E608:future" if birth > self._today else "E608:calendar", row_no, 3, value=text[:40])
        return None

    def _judge_control_no(self, row_no: int, control_no: str) -> None:
        if not control_no.strip():
            self._add("layout:control_no", row_no, 0)
        elif control_no.isascii() and control_no.isdigit():
            self.control_no_lengths.add(len(control_no))

    def _judge_code(self, row_no: int, code: str) -> None:
        if len(code) != 6 or not (code.isascii() and code.isdigit()):
            self._add("E602", row_no, 6)
        elif not municipalities.is_valid_code(code):
            self._add("E603", row_no, 6)

    def _add(self, name: str, row_no: int, index: int, **facts: str | int) -> None:
        at = self._positions[index]
        column = None if at is None else at + 1
        self._problems.add(name, row_no, column, title=COLUMNS[index].title, **facts)


def _fold_heading(text: str) -> str:
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).casefold()


_KNOWN_HEADINGS = {
    _fold_heading(heading): column.name for column in COLUMNS for heading in (column.name, column.title, *column.others)
}
