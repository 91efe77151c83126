"""Reading the CSV files that partners send: UTF-8 (with or without mark) or CP932, a heading row, typed cells (BR-70).

Every fault names its row (the heading is row 1) and column; a file with one fault is refused as a whole. A cell that
looks like a My Number ends the reading at once (BR-57, E607).
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.my_number import looks_like_my_number

MAX_FILE_BYTES = 64 * 1024 * 1024
MAX_ROWS = 500_000
MAX_FAULTS = 200
MAX_CELL = 400
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True)
class Column:
    """One column: identifier, the heading that names it, and whether a file must have it."""

    name: str
    title: str
    required: bool = True
    may_be_empty: bool = False
    own_number: bool = False
    """A partner's own number, such as a transaction number, which may by chance look like a My Number (BR-58)."""


@dataclass(frozen=True)
class CsvFault:
    """One thing to put right; ``code`` is of the message list, or ``layout``."""

    code: str
    row: int
    column: str
    text: str

    def __str__(self) -> str:
        where = f"{self.row}行目" if self.row else "ファイル"
        return f"{self.code}: {where}{f'「{self.column}」' if self.column else ''}: {self.text}"


class CsvRefused(Exception):
    """Nothing of the file was taken. ``str()`` gives codes alone: what a cell holds does not go to logs."""

    def __init__(self, faults: Sequence[CsvFault]) -> None:
        self.faults = tuple(faults)
        super().__init__(", ".join(sorted({fault.code for fault in faults})))


class Faults:
    """Collects faults up to the limit."""

    def __init__(self) -> None:
        self.found: list[CsvFault] = []

    def add(self, code: str, row: int, column: str, text: str) -> None:
        """Note one; raises ``CsvRefused`` when there are so many that more would help nobody."""
        self.found.append(CsvFault(code, row, column, text))
        if len(self.found) >= MAX_FAULTS:
            raise CsvRefused(self.found)

    def refuse_if_any(self) -> None:
        """Raise ``CsvRefused`` with what was found."""
        if self.found:
            raise CsvRefused(self.found)


def read_rows(path: Path, columns: Sequence[Column], faults: Faults) -> list[tuple[int, dict[str, str]]]:
    """The rows as (row number, cells by identifier), stripped; faults are collected, the caller goes on with its own.

    A column the file does not have reads as empty cells. Raises ``CsvRefused`` where reading can't go on.
    """
    reader = csv.reader(io.StringIO(_text_of(path), newline=""), strict=True)
    titles: dict[int, Column] | None = None
    rows: list[tuple[int, dict[str, str]]] = []
    try:
        for row_no, cells in enumerate(reader, start=1):
            if titles is None:
                titles = _heading(cells, columns, faults)
            elif any(cell.strip() for cell in cells):
                if len(rows) >= MAX_ROWS:
                    raise CsvRefused([CsvFault("layout", row_no, "", f"{MAX_ROWS}行までです")])
                rows.append((row_no, _cells(row_no, cells, titles, columns, faults)))
    except csv.Error:
        raise CsvRefused([CsvFault("layout", reader.line_num, "", '引用符(")の組が合いません')]) from None
    if not rows:
        faults.add("layout", 0, "", "行がありません")
    return rows


def whole_number(text: str) -> int | None:
    """A whole number of zero or more without separators, or ``None``; full-width digits are folded."""
    folded = unicodedata.normalize("NFKC", text)
    return int(folded) if re.fullmatch(r"[0-9]{1,12}", folded) else None


def safe_cell(text: str) -> str:
    """A text cell for a CSV of ours that no spreadsheet takes for a formula (BR-63)."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def to_csv(titles: Iterable[str], rows: Iterable[Sequence[str | int | None]]) -> str:
    """A CSV as text; text cells are neutralised (BR-63), numbers left alone."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(titles)
    for row in rows:
        writer.writerow([safe_cell(cell) if isinstance(cell, str) else cell for cell in row])
    return out.getvalue()


def _text_of(path: Path) -> str:
    if path.stat().st_size > MAX_FILE_BYTES:
        raise CsvRefused([CsvFault("layout", 0, "", f"{MAX_FILE_BYTES // 1024 // 1024}MBまでです")])
    content = path.read_bytes()
    for encoding in ("utf-8-sig", "cp932"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError as error:
            row = content[: error.start].count(b"\n") + 1
    raise CsvRefused(
        [CsvFault("E601", row, "", "読み取れない文字があります。UTF-8またはShift_JIS(CP932)で保存してください")]
    )


def _heading(cells: Sequence[str], columns: Sequence[Column], faults: Faults) -> dict[int, Column]:
    known = {_fold(name): column for column in columns for name in (column.title, column.name)}
    titles: dict[int, Column] = {}
    for position, cell in enumerate(cells):
        column = known.get(_fold(cell))
        if column is None:
            faults.add(
                "layout", 1, cell[:40], f"使えない見出しです。使える見出し: {'、'.join(c.title for c in columns)}"
            )
        elif column in titles.values():
            faults.add("layout", 1, column.title, "見出しが2回あります")
        else:
            titles[position] = column
    for column in columns:
        if column.required and column not in titles.values():
            faults.add("layout", 1, column.title, "見出しがありません")
    faults.refuse_if_any()
    return titles


def _cells(
    row_no: int, cells: Sequence[str], titles: Mapping[int, Column], columns: Sequence[Column], faults: Faults
) -> dict[str, str]:
    row = {column.name: "" for column in columns}
    if len(cells) != len(titles):
        faults.add("layout", row_no, "", f"列の数が見出しと合いません({len(cells)}列)")
        return row
    for position, column in titles.items():
        text = cells[position].strip()
        if not column.own_number and looks_like_my_number(text):
            raise CsvRefused([CsvFault("E607", row_no, column.title, "マイナンバーと思われる番号が含まれています")])
        if len(text) > MAX_CELL or _CONTROL.search(text):
            faults.add("layout", row_no, column.title, f"長すぎる({MAX_CELL}文字まで)か、制御文字があります")
        elif not text and column.required and not column.may_be_empty:
            faults.add("layout", row_no, column.title, "空です")
        else:
            row[column.name] = text
    return row


def _fold(heading: str) -> str:
    return unicodedata.normalize("NFKC", heading).strip().lower()
