"""Excel workbooks: what is refused before it is unpacked, and the rows of the first sheet.

The reader holds a sheet as one dense block from A1 to its last filled cell, so that one stray cell at XFD1048576 asks
for seventeen thousand million of them. The size of the block is therefore read from the addresses of the cells first.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import IO

from app.lists.problems import ListRefused, problem

MAX_WORKBOOK_BYTES = 64 * 1024 * 1024
MAX_WORKBOOK_CONTENT_BYTES = 512 * 1024 * 1024
MAX_WORKBOOK_CELLS = 20_000_000
MAX_EXACT_NUMBER = 10**15
_CHUNK = 1024 * 1024
_LONGEST_ADDRESS = 64
_ADDRESS = re.compile(rb"""\br\s*=\s*["']\s*([A-Za-z]{0,6})([0-9]{1,12})""")


def refuse_unreadable(path: Path, size: int, *, is_zip: bool) -> None:
    """Raise ``ListRefused`` for what is no Excel workbook or would not fit into memory.

    Every part is unpacked once, so that one that holds more than it says is found by its check sum. A sheet of the old
    format (.xls) can't be wider than 256 columns and longer than 65,536 rows.
    """
    if size > MAX_WORKBOOK_BYTES:
        raise ListRefused((problem("layout:workbook_size"),))
    if not is_zip:
        return
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            if "xl/workbook.xml" not in (entry.filename for entry in entries):
                raise ListRefused((problem("layout:workbook"),))
            if sum(entry.file_size for entry in entries) > MAX_WORKBOOK_CONTENT_BYTES:
                raise ListRefused((problem("layout:workbook_size"),))
            for entry in entries:
                with archive.open(entry) as part:
                    _refuse_wide(part)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError):
        raise ListRefused((problem("layout:workbook"),)) from None


def _refuse_wide(part: IO[bytes]) -> None:
    columns = rows = 0
    carried = b""
    while chunk := part.read(_CHUNK):
        text = carried + chunk
        for letters, digits in _ADDRESS.findall(text):
            rows = max(rows, int(digits))
            columns = max(columns, _column(letters))
        if max(columns, 1) * rows > MAX_WORKBOOK_CELLS:
            raise ListRefused((problem("layout:workbook_area"),))
        carried = text[-_LONGEST_ADDRESS:]


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def workbook_rows(path: Path) -> Iterator[tuple[int, list[str], dict[int, str] | None]]:
    """Number, cells and rewritten cells of each row of the first sheet that holds anything, as in ``files.Record``."""
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        sheet = CalamineWorkbook.from_path(path).get_sheet_by_index(0)
        rows = sheet.to_python(skip_empty_area=False)
    except (CalamineError, IndexError, ValueError):
        raise ListRefused((problem("layout:workbook"),)) from None
    except BaseException as error:
        # The reader's own way to say that it met what it did not expect; it is no `Exception`.
        if type(error).__name__ != "PanicException":
            raise
        raise ListRefused((problem("layout:workbook"),)) from None
    width = max((at for at, cell in enumerate(rows[0], start=1) if cell != ""), default=0) if rows else 0
    for row_no, values in enumerate(rows, start=1):
        while len(values) > width and values[-1] == "":
            values.pop()
        cells, rewritten = [], {}
        for at, value in enumerate(values):
            text, kind = _cell_text(value)
            cells.append(text)
            if kind is not None:
                rewritten[at] = kind
        if any(cells):
            yield row_no, cells, rewritten or None


def _cell_text(value: object) -> tuple[str, str | None]:
    """What a cell says, and what it became if it is not text. A number past 15 digits has lost the others (BR-71)."""
    if isinstance(value, str):
        return value, None
    if isinstance(value, bool):
        return str(value).upper(), "number"
    if isinstance(value, int | float):
        return _number_text(value)
    if isinstance(value, datetime):
        at_midnight = value.time() == datetime.min.time()
        return value.date().isoformat() if at_midnight else value.isoformat(" "), "date"
    return value.isoformat() if isinstance(value, date) else str(value), "date"


def _number_text(value: float) -> tuple[str, str | None]:
    if abs(value) >= MAX_EXACT_NUMBER:
        return f"{value:.2E}", None
    return str(int(value)) if float(value).is_integer() else str(value), "number"
